"""The whole loop, in small: whatever happens to its process, it comes to the same end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration.recordings import check_valid, read_recording
from dacapo.__main__ import main
from dacapo.iterate import print_summary

ROOT = Path(__file__).parents[2]
BASELINES = {"open_loop", "static_sim", "randomised", "oracle"}


def tiny_loop(folder: Path, around: Path) -> subprocess.Popen[str]:
    """A process that runs a loop in `folder`."""
    arguments = [str(folder), str(around / "compiled"), "virtual", str(around / "two.mid")]
    command = [sys.executable, "-m", "tests.calibration.tiny_loop", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def printed(process: subprocess.Popen[str]) -> dict[str, Any]:
    told, _ = process.communicate()
    assert process.returncode == 0
    summary: dict[str, Any] = json.loads(told)
    return summary


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loops")


@pytest.fixture(scope="module")
def whole(around: Path) -> dict[str, Any]:
    """The summary of a loop that nothing happened to."""
    return printed(tiny_loop(around / "whole", around))


def test_the_summary_says_what_there_is_to_say(whole: dict[str, Any], around: Path) -> None:
    assert whole["final"]["trials"] == len(whole["final"]["songs"]["two"]["f1"]) == 1
    assert [r["round"] for r in whole["rounds"]] == [1]
    first = whole["rounds"][0]
    assert len(first["f1"]["two"]) == 2
    assert {"mean_f1", "note_f1_50ms", "gap", "parameters", "intervals", "accepted"} <= set(first)
    assert whole["robot_time_s"] == pytest.approx(first["robot_time_s"], abs=0.01)
    assert 0.0 < whole["final_robot_time_s"] < whole["robot_time_s"] < 120.0
    assert whole["excitation"]["accepted"]
    assert json.loads((around / "whole" / "summary.json").read_text())["stopped"]
    recordings = _recordings(around / "whole")
    assert len(recordings) == 1 + 2 + 1 + len(BASELINES)
    for recording in recordings:
        check_valid(read_recording(recording))


def test_the_oracle_knows_what_the_others_do_not(whole: dict[str, Any]) -> None:
    measured = whole["baselines"]
    assert set(measured) == BASELINES
    late_ms = {name: of["songs"]["two"]["onset_error_ms"][0] for name, of in measured.items()}
    assert late_ms["open_loop"] > 30.0  # the world's 45 ms, which nothing leads
    assert abs(late_ms["oracle"]) < 25.0


def test_parameters_on_a_bound_are_warned_of(
    whole: dict[str, Any], around: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = around / "whole"
    summary = json.loads((folder / "summary.json").read_text())
    summary["rounds"][0] |= {"accepted": True, "on_bound": ["keyboard_z_m"]}
    print_summary(summary, folder)
    assert "on a bound, the truth may lie beyond: keyboard_z_m\n" in capsys.readouterr().err
    summary["rounds"][0]["accepted"] = False  # then the excitation's fit is what is believed
    summary["excitation"]["on_bound"] = []
    print_summary(summary, folder)
    assert "on a bound" not in capsys.readouterr().err


def test_nothing_to_go_on_with_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["iterate", "ode_to_joy", "--mode", "virtual", "--world", "nominal", "--resume"]
    assert main([*command, "--out", str(tmp_path)]) == 1
    assert "nothing to go on with in" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_delay_is_found_and_led(whole: dict[str, Any]) -> None:
    """World `slow-line`: commands are late by 45 ms, states by 15; nobody told the loop."""
    first = whole["rounds"][0]
    late_s = first["parameters"]["command_delay_s"] + first["state_delay_s"]
    assert late_s == pytest.approx(0.06, abs=0.006)
    assert max(abs(error) for error in whole["final"]["songs"]["two"]["onset_error_ms"]) < 25.0


def test_killed_at_random_moments_it_comes_to_the_same_end(
    whole: dict[str, Any], around: Path
) -> None:
    folder, draws = around / "killed", np.random.default_rng(7)
    recorded: set[Path] = set()
    for finished in sorted(draws.choice(16, 2, replace=False)):
        process = tiny_loop(folder, around)
        while process.poll() is None and _finished(folder) < finished:
            time.sleep(0.02)
        time.sleep(draws.uniform(0.0, 1.0))  # somewhere in the steps that follow
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert recorded <= _recordings(folder)
        recorded = _recordings(folder)
    assert printed(tiny_loop(folder, around)) == whole
    assert recorded <= _recordings(folder)
    assert len(_recordings(folder)) == len(_recordings(around / "whole"))


def _recordings(folder: Path) -> set[Path]:
    """Of the performances that are finished."""
    return set(folder.glob("**/plays/*/[!.]*/recording"))


def _finished(folder: Path) -> int:
    path = folder / "state.json"
    return len(json.loads(path.read_text())["steps"]) if path.is_file() else 0

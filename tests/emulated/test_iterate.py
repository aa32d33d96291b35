"""The loop through serial, MIDI and ROS: every line that hardware would need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from calibration.recordings import check_valid, read_recording

pytest.importorskip("rtmidi", reason="python-rtmidi is not installed (make setup)")
pytest.importorskip("jax", reason="the extra [train] is not installed")
pytest.importorskip("optuna", reason="the extra [calibrate] is not installed")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a small loop on the emulated rig of world `slow-line`, taken to its end."""
    around = tmp_path_factory.mktemp("loop")
    own = {"JACK_DEFAULT_SERVER": f"dacapo-loop-{os.getpid()}"}
    own["ROS_DOMAIN_ID"] = str(100 + os.getpid() % 100)
    loop, cache, song = (str(around / name) for name in ("loop", "compiled", "two.mid"))
    subprocess.run(
        [sys.executable, "-m", "tests.calibration.tiny_loop", loop, cache, "emulated", song],
        cwd=ROOT,
        env={**os.environ, **own},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return around / "loop"


def test_the_loop_runs_through_the_real_drivers(folder: Path) -> None:
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    assert summary["mode"] == "emulated"
    assert summary["final"]["trials"] == len(summary["final"]["songs"]["two"]["f1"]) == 1
    assert summary["excitation"]["accepted"]
    delay_s = summary["rounds"][-1]["parameters"]["command_delay_s"]
    assert 0.03 < delay_s < 0.09  # the world's 45 ms, and what the bus adds
    assert summary["final"]["songs"]["two"]["f1"][0] > 0.7


def test_its_recordings_are_valid(folder: Path) -> None:
    recordings = sorted(folder.glob("*/plays/*/[!.]*/recording"))
    assert len(recordings) == 1 + 2 + 1
    for recording in recordings:
        check_valid(read_recording(recording))


def test_every_performance_meets_another_draw(folder: Path) -> None:
    recordings = folder.glob("*/plays/*/[!.]*/recording")
    assert {read_recording(path).provenance.seed for path in recordings} == {0, 1, 2, 1001}

"""Worlds on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dacapo.__main__ import main
from score import Note, Score, write_midi


@pytest.fixture
def song(tmp_path: Path) -> str:
    path = tmp_path / "two.mid"
    write_midi(Score("two", (Note(60, 0.0, 0.4), Note(64, 0.5, 0.9)), ()), path)
    return str(path)


def test_plays_in_a_world(song: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "runs"
    command = ["play", song, "--mode", "virtual", "--world", "nominal", "--out", str(out)]
    assert main([*command, "--policy", "planner"]) == 0
    printed = capsys.readouterr().out
    assert "control period" not in printed  # nothing ran in real time
    assert "report.html" in printed
    (folder,) = out.iterdir()
    performance = json.loads((folder / "performance.json").read_text())
    assert performance["mode"] == "virtual"
    assert performance["loop"] == {"period_ms_p50": None, "period_ms_p99": None, "missed": None}


def test_evaluates_in_a_world_and_says_what_does_not_act(
    song: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", song, "--world", "slow-line", "--episodes", "2", "--json"]) == 0
    printed = capsys.readouterr()
    scores = json.loads(printed.out)["songs"][song]
    assert scores["episodes"] == 2
    assert scores["onset_error_ms_median"] > 20  # late by the line's delay
    assert "its faults act on the emulated rig only" in printed.err


def test_a_policy_in_a_world_knows_the_parameters(
    song: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted = tmp_path / "fitted.yaml"
    values = "{command_delay_s: 0.06, keyboard_z_m: 0.001}"
    fitted.write_text(f"schema: 1\nrig: leap_rail_49\nvalues: {values}\n")
    known = ["--world", "slow-line", "--params", str(fitted)]
    assert main(["evaluate", song, *known, "--episodes", "1", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)["songs"][song]
    assert abs(scores["onset_error_ms_median"]) < 30
    out = tmp_path / "runs"
    assert main(["play", song, "--mode", "virtual", *known, "--out", str(out), "--json"]) == 0
    played = json.loads(capsys.readouterr().out)
    assert played["policy"] == "planner"
    assert abs(played["onset_error_ms"]["median"]) < 30


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--mode", "virtual"], "add --world NAME"),
        (["--world", "nominal"], "--mode sim has no world"),
        (["--trial", "1"], "--mode sim has no trial"),
    ],
)
def test_what_does_not_go_together_is_bad_usage(
    options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["play", "ode_to_joy", *options])
    assert stop.value.code == 2
    assert complaint in capsys.readouterr().err


def test_an_unknown_world_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "ode_to_joy", "--world", "workshop-b"]) == 1
    printed = capsys.readouterr()
    assert printed.err == (
        "error: no world 'workshop-b': did you mean 'workshop-a'?, or give a YAML file\n"
    )

"""`dacapo polish` from the command line to a bundle that `dacapo evaluate` plays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dacapo.__main__ import main
from score import Note, Score, write_midi


@pytest.fixture
def song(tmp_path: Path) -> str:
    path = tmp_path / "two_notes.mid"
    notes = (Note(60, 0.0, 0.2, 64), Note(62, 0.25, 0.45, 64))
    write_midi(Score("two_notes", notes, ()), path)
    return str(path)


def test_its_bundle_scores_what_it_said(
    song: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    polish = ["polish", song, "--budget-s", "1", "--out", str(tmp_path / "out"), "--json"]
    assert main(polish) == 0
    said = json.loads(capsys.readouterr().out)[song]
    assert set(said) == {"bundle", "frame_f1", "frame_f1_late_10ms", "rounds", "wall_s"}
    assert said["bundle"] == str(tmp_path / "out/leap_rail_49/two_notes.npz")
    assert main(["evaluate", song, "--policy", said["bundle"], "--episodes", "1", "--json"]) == 0
    heard = json.loads(capsys.readouterr().out)["songs"][song]
    assert heard["frame_f1"] == pytest.approx(said["frame_f1"], abs=1e-12)


def test_a_budget_too_short_leaves_nothing_behind(
    song: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["polish", song, "--budget-s", "1e-6", "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.startswith("error: a budget of 1e-06 s is over before")
    assert list((tmp_path / "out/leap_rail_49").iterdir()) == []

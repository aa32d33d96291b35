"""Parameters files on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dacapo.__main__ import main
from score import Note, Score, write_midi

VALUES = "{command_delay_s: 0.045, keyboard_z_m: 0.0004}"


@pytest.fixture
def song(tmp_path: Path) -> str:
    path = tmp_path / "two_notes.mid"
    notes = (Note(60, 0.0, 0.2, 64), Note(62, 0.25, 0.45, 64))
    write_midi(Score("two_notes", notes, ()), path)
    return str(path)


@pytest.fixture
def fitted(tmp_path: Path) -> str:
    path = tmp_path / "fitted.yaml"
    path.write_text(f"schema: 1\nrig: leap_rail_49\nvalues: {VALUES}\n")
    return str(path)


def test_a_search_and_its_evaluation_lead_the_same_delay(
    song: str, fitted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = ["--params", fitted, "--json"]
    polish = ["polish", song, "--budget-s", "2", "--out", str(tmp_path / "out"), *known]
    assert main(polish) == 0
    said = json.loads(capsys.readouterr().out)[song]
    assert said["frame_f1"] > 0.9
    evaluate = ["evaluate", song, "--policy", said["bundle"], "--episodes", "1"]
    assert main([*evaluate, *known]) == 0
    heard = json.loads(capsys.readouterr().out)["songs"][song]
    assert heard["frame_f1"] == pytest.approx(said["frame_f1"], abs=1e-12)
    assert main([*evaluate, "--json"]) == 0  # in the nominal simulator there is no delay to lead
    prompt = json.loads(capsys.readouterr().out)["songs"][song]
    assert prompt["frame_f1"] == pytest.approx(said["frame_f1"], abs=0.15)

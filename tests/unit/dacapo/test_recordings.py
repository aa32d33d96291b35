"""The verbs of recordings, as a user meets them."""

import json
from pathlib import Path

import pytest

from calibration.recordings import PerformanceRecorder, Provenance
from dacapo.__main__ import main
from policies import load_policy
from policies.in_process import perform_in_process
from policies.performer import Performer
from sim import Simulator
from tests.unit.calibration.recorded import make_recording
from tests.unit.playing import chord_score, goals_of, nominal_model


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A recording that lost its end."""
    folder = make_recording(tmp_path / "cut")
    (folder / "metadata.yaml").unlink()
    data = folder / "recording_0.mcap"
    data.write_bytes(data.read_bytes()[:40_000])
    return folder


def test_inspect_says_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_recording(tmp_path / "recording")
    assert main(["inspect", str(folder)]) == 0
    page = capsys.readouterr().out
    assert "/joint_states" in page
    assert "100.0" in page
    assert "leap_rail_49" in page
    assert "valid: calibration may learn from it" in page
    assert main(["inspect", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["valid"] is True
    assert document["duration_s"] == pytest.approx(0.99)
    assert [s["messages"] for s in document["streams"]] == [100, 20, 0, 2, 0]


def test_a_cut_recording_is_repaired_and_refused(
    cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["repair", str(cut), "--out", str(tmp_path / "saved"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["folder"] == str(tmp_path / "saved")
    assert document["incomplete"] == "its recorder was stopped before its end"
    assert main(["inspect", str(cut)]) == 0
    printed = capsys.readouterr()
    assert "was never finished: what is whole of it is in" in printed.err
    assert "not to be trusted: it is incomplete" in printed.out
    assert main(["repair", str(tmp_path / "saved")]) == 1
    assert "nothing to repair" in capsys.readouterr().err


def test_replay_compares_with_the_simulator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = nominal_model("leap_rail_49")
    goals = goals_of(chord_score((60,), (64,)), model.rig)
    performer = Performer(load_policy("planner", model, goals), goals)
    provenance = Provenance(rig=model.rig.name, rig_hash=model.rig.hash)
    with PerformanceRecorder(tmp_path / "r", model.joint_names, provenance) as recorder:
        perform_in_process(performer, Simulator(model), recorder)
    assert main(["replay", str(tmp_path / "r"), "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    document = json.loads(printed.out)
    assert document["note_f1_50ms"] == 1.0
    assert document["notes_simulated"] == document["notes_recorded"] > 0
    assert set(document["joint_rms"]) == set(model.joint_names)


@pytest.mark.parametrize("verb", ["inspect", "repair", "replay"])
def test_a_folder_without_a_recording_is_said(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"error: no recording in {tmp_path}")

"""A performance in a world leaves the run's folder of every other mode."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from calibration.recordings import check_valid, read_recording
from calibration.virtual import play_virtual
from hardware.errors import WorldError
from hardware.world import World, load_world
from policies import PolicyError
from score import Note, Performance, Score, write_midi
from sim import PhysicsParameters
from tests.unit.playing import nominal_model

MODEL = nominal_model("leap_rail_49")


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("songs") / "two.mid"
    write_midi(Score("two", (Note(60, 0.0, 0.4), Note(64, 0.5, 0.9)), ()), path)
    return str(path)


@pytest.fixture(scope="module")
def folder(song: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out, world = tmp_path_factory.mktemp("runs"), load_world("worn-hand")
    return play_virtual(song, model=MODEL, policy="planner", world=world, trial=2, out=out)[1]


def test_the_folder_is_whole_and_its_recording_valid(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "performance.json",
        "performance.mid",
        "recording",
        "report.html",
        "trace.npz",
    }
    performance = Performance.from_json((folder / "performance.json").read_bytes())
    assert (performance.mode, performance.seed) == ("virtual", 2)
    recording = read_recording(folder / "recording")
    check_valid(recording)
    assert recording.provenance.rig_hash == MODEL.rig.hash
    assert recording.provenance.seed == 2
    with np.load(folder / "trace.npz") as trace:
        assert len(trace["time_s"]) > 15


def test_no_file_tells_of_the_world(folder: Path) -> None:
    """Calibration must not see it."""
    for path in folder.rglob("*"):
        if path.is_file():
            assert b"worn-hand" not in path.read_bytes()


def test_a_delay_that_is_known_is_led(song: str, tmp_path: Path) -> None:
    late = World.model_validate(
        {"schema": 1, "name": "late", "timing": {"command_delay_s": 0.07, "jitter_s": 0.001}}
    )
    known = PhysicsParameters.nominal(MODEL.rig).with_values(command_delay_s=0.07)
    in_late = partial(play_virtual, song, model=MODEL, policy="planner", world=late, out=tmp_path)
    behind, _ = in_late()
    led, folder = in_late(parameters=known)
    assert behind.onset_error_ms.median == pytest.approx(70, abs=15)
    assert led.onset_error_ms.median == pytest.approx(0, abs=15)
    assert led.frame.f1 > behind.frame.f1 + 0.05
    told = read_recording(folder / "recording").provenance.parameters
    assert "command_delay_s: 0.07" in told


def test_what_cannot_be_played_leaves_nothing_behind(song: str, tmp_path: Path) -> None:
    impossible = World.model_validate(
        {"schema": 1, "name": "stuck", "keyboard": {"trigger_fraction": 0.3}}
    )
    with pytest.raises(WorldError):
        play_virtual(song, model=MODEL, policy="planner", world=impossible, out=tmp_path)
    restless = World.model_validate(
        {"schema": 1, "name": "restless", "sensing": {"encoder_noise_rad": 0.01}}
    )
    with pytest.raises(PolicyError, match="did not come to rest"):
        play_virtual(song, model=MODEL, policy="planner", world=restless, out=tmp_path)
    assert list(tmp_path.iterdir()) == []

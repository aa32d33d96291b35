"""Excitations are played and recorded like songs, and show what worlds differ in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calibration.excitation import check_excitation, make_excitation, write_excitation
from calibration.recordings import read_recording
from calibration.residuals import LONGEST_S, segments_of
from calibration.virtual import play_virtual
from hardware.world import World
from sim import build_model, load_rig, rig_names


@pytest.mark.parametrize("rig", rig_names())
def test_it_plays_as_any_song_does(rig: str, tmp_path: Path) -> None:
    model = build_model(load_rig(rig))
    excitation = make_excitation(model)
    check_excitation(excitation, model)
    bundle, midi = write_excitation(excitation, model, tmp_path)
    performance, folder = play_virtual(
        str(midi),
        model=model,
        policy=str(bundle),
        world=World.model_validate({"schema": 1, "name": "as-thought"}),
        out=tmp_path / "runs",
    )
    assert performance.frame.f1 == 1.0
    assert performance.wrong_keys == 0
    recording = read_recording(folder / "recording")
    assert recording.duration_s <= excitation.duration_s
    assert sum(segment.duration_s for segment in segments_of(recording, model.rig)) <= LONGEST_S


@pytest.mark.parametrize("rig", rig_names())
@pytest.mark.parametrize("height_m", [-0.003, 0.003])
def test_fingers_sound_their_keys_on_a_keyboard_elsewhere(
    rig: str, height_m: float, tmp_path: Path
) -> None:
    """What may be silent is a neighbour across a gap: the other side's sounds."""
    model = build_model(load_rig(rig))
    excitation = make_excitation(model)
    bundle, midi = write_excitation(excitation, model, tmp_path)
    keyboard = {
        "offset_m": [0.003, 0.002, height_m],
        "yaw_rad": 0.006,
        "stiffness_scale": 1.4,
        "trigger_fraction": 0.65,
    }
    world = World.model_validate(
        {
            "schema": 1,
            "name": "elsewhere",
            "keyboard": keyboard,
            "hand": {"stiffness_scale": 0.8, "frictionloss_scale": 2.0, "offset_std_rad": 0.008},
            "timing": {"command_delay_s": 0.03},
        }
    )
    _, folder = play_virtual(
        str(midi), model=model, policy=str(bundle), world=world, out=tmp_path / "runs"
    )
    events = read_recording(folder / "recording").events
    lowest = model.rig.keyboard.lowest_pitch
    asked = np.array([note.pitch - lowest for note in excitation.score.notes])
    pressed = events.keys[events.down]
    own = [key for key in set(asked) if (asked == key).sum() > 1]  # neighbours are asked once
    assert set(own) <= set(pressed)
    assert len(pressed) >= 0.75 * len(asked)
    assert len(set(pressed) - set(asked)) <= 1
    assert (np.bincount(events.keys, minlength=model.n_keys) % 2 == 0).all()  # all let go

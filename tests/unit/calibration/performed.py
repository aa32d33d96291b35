"""A short performance in a world, recorded once: chords that a plan for the nominal rig plays."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from calibration.recordings import PerformanceRecorder, Provenance, Recording, read_recording
from hardware.world import World, WorldSimulator
from policies import load_policy
from policies.in_process import perform_in_process
from policies.performer import Performer
from sim import Rig, load_rig
from tests.unit.playing import chord_score, goals_of, nominal_model

RIG = "leap_rail_49"

CLEAN = World.model_validate(
    {
        "schema": 1,
        "name": "clean",
        "seed": 5,
        "hand": {"frictionloss_scale": 1.6, "stiffness_scale": 0.9, "offset_std_rad": 0.004},
        "keyboard": {"offset_m": [0.001, -0.001, 0.001], "stiffness_scale": 1.3},
        "timing": {"command_delay_s": 0.02, "state_delay_s": 0.01},
    }
)
"""Nothing in it that physics parameters cannot say, no noise, no jitter."""


@cache
def rig() -> Rig:
    return load_rig(RIG)


@cache
def performed(world: World = CLEAN, repeats: int = 1) -> Recording:
    """Some chords in a world, as often as wanted."""
    goals = goals_of(chord_score(*[(60,), (64,), (62,), (65,)] * repeats), rig())
    performer = Performer(load_policy("planner", nominal_model(RIG), goals), goals)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "recording"
        provenance = Provenance(mode="virtual", rig=RIG, rig_hash=rig().hash, song="chords")
        with PerformanceRecorder(path, rig().joint_names, provenance) as recorder:
            perform_in_process(performer, WorldSimulator(rig(), world), recorder)
        return read_recording(path)

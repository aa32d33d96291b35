"""Worlds that nobody tuned anything for: worn, cheap and badly placed rigs, drawn evenly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.cells import RUNS
from hardware.world import World
from hardware.world.physics import true_parameters
from score import DaCapoError, write_whole
from sim import build_model, load_rig

RIG = "leap_rail_49"
WORLDS = range(14, 22)
"""Numbers of the worlds; those below were looked at when choices were made."""
SEED = 41_000


def draw_world(number: int) -> dict[str, Any]:
    """A world drawn evenly from the ranges of docs/sim2real2sim.md, as its file says it.

    A draw whose keys would not come back, or rest pressed, is drawn again.
    """
    for attempt in range(100):
        rng = np.random.default_rng([SEED, number, attempt])
        drawn = _draw(rng, number)
        world = World.model_validate(drawn)
        try:
            true_parameters(load_rig(RIG), world).apply(build_model(load_rig(RIG)))
        except DaCapoError:
            continue
        return drawn
    raise SystemExit(f"no playable world {number} in a hundred draws")


def _draw(rng: np.random.Generator, number: int) -> dict[str, Any]:
    def u(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 6)

    trigger = u(0.45, 0.75)
    return {
        "schema": 1,
        "name": f"drawn-{number}",
        "seed": int(rng.integers(2**31)),
        "hand": {
            "frictionloss_scale": u(0.6, 3.0),
            "damping_scale": u(0.7, 1.8),
            "armature_scale": u(0.8, 1.5),
            "stiffness_scale": u(0.65, 1.3),
            "gain_damping_scale": u(0.7, 1.4),
            "stribeck": u(0.0, 0.5),
            "backlash_rad": u(0.0, 0.012),
            "torque_limit_scale": u(0.8, 1.0),
            "offset_std_rad": u(0.0, 0.015),
        },
        "rail": {
            "frictionloss_scale": u(0.7, 2.5),
            "stiffness_scale": u(0.8, 1.2),
            "backlash_m": u(0.0, 0.0008),
        },
        "keyboard": {
            "offset_m": [u(-0.003, 0.003) for _ in range(3)],
            "yaw_rad": u(-0.008, 0.008),
            "stiffness_scale": u(0.7, 2.2),
            "damping_scale": u(0.7, 1.6),
            "friction_nm": u(0.0, 0.004),
            "spring_hardening": u(0.0, 0.6),
            "trigger_fraction": trigger,
            "release_fraction": u(0.35, min(0.5, trigger - 0.02)),
        },
        "contact": {"sliding_friction": u(0.4, 1.1), "tip_stiffness_scale": u(0.6, 1.4)},
        "timing": {
            "command_delay_s": u(0.0, 0.05),
            "state_delay_s": u(0.0, 0.015),
            "jitter_s": u(0.0, 0.004),
        },
        "sensing": {"encoder_noise_rad": u(0.0, 0.002)},
    }


def world_file(number: int) -> Path:
    """The file of a drawn world; written if it is not there."""
    path = RUNS / "sim2real" / f"drawn-{number}.yaml"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, yaml.safe_dump(draw_world(number), sort_keys=False).encode())
    return path

"""How well recordings show a rig's physics: fills a table of docs/excitation.md.

    python -m benchmarks.identifiability

Each rig plays its excitation, and Ode to Joy with the planner, in a world that differs from the
simulator in what physics parameters can say, with jitter and noisy encoders. From the Jacobian J of
calibration's own residuals at the true parameters follows the Cramer-Rao bound: no fit without
bias has smaller standard deviations than those of (J^T J + prior)^-1, all parameters free.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.cells import ROOT, fill, table
from benchmarks.quantities import Quantities, needed, per
from calibration.excitation import make_excitation, write_excitation
from calibration.recordings import read_recording
from calibration.residuals import FreeParameters, Objective, segments_of
from calibration.virtual import play_virtual
from hardware.world import World
from hardware.world.physics import true_parameters
from sim import Rig, build_model, load_rig, rig_names

Array = NDArray[np.float64]

PAGE = ROOT / "docs" / "excitation.md"
SONG = "ode_to_joy"
STEP = 0.01
"""Half the difference of each entry, as a share of its bounds: larger than the grid of events."""

WORLD = World.model_validate(
    {
        "schema": 1,
        "name": "known",
        "seed": 3,
        "hand": {
            "frictionloss_scale": 1.8,
            "damping_scale": 1.3,
            "armature_scale": 1.2,
            "stiffness_scale": 0.85,
            "offset_std_rad": 0.01,
        },
        "rail": {"frictionloss_scale": 1.5, "stiffness_scale": 0.9},
        "keyboard": {
            "offset_m": [0.001, -0.001, -0.001],
            "yaw_rad": 0.003,
            "stiffness_scale": 1.4,
            "friction_nm": 0.002,
            "trigger_fraction": 0.6,
            "release_fraction": 0.45,
        },
        "contact": {"sliding_friction": 0.7},
        "timing": {"command_delay_s": 0.02, "state_delay_s": 0.008, "jitter_s": 0.002},
        "sensing": {"encoder_noise_rad": 0.001},
    }
)


def deviations(rig: Rig, folder: Path) -> tuple[dict[str, float], float]:
    """Standard deviations by quantity and unit, and the Jacobian's condition number."""
    truth = true_parameters(rig, WORLD)
    # Back-EMF and gain damping are one total, all of it in the entry that is free.
    free = FreeParameters.of(rig, center=truth, center_state_delay_s=WORLD.timing.state_delay_s)
    objective = Objective(rig, segments_of(read_recording(folder / "recording"), rig), free)
    z = np.clip(free.start, STEP, 1 - STEP)
    steps = STEP * np.eye(free.size)
    rows = objective.residuals(np.concatenate([z + steps, z - steps]))
    jacobian = (rows[: free.size] - rows[free.size :]).T / (2 * STEP)
    singular = np.linalg.svd(jacobian, compute_uv=False)
    covariance = np.linalg.inv(jacobian.T @ jacobian + 12 * np.eye(free.size))  # uniform in [0, 1]
    per_entry = (free.values(z + 1e-4) - free.values(z - 1e-4)) / 2e-4
    found = {}
    for name, (parts, unit) in Quantities(free.parameters(z)).all().items():
        row = per_entry * [parts.get(entry, 0.0) for entry in free.names]
        told = f"{name} [{unit}]" if unit else name
        found[told] = float(np.sqrt(row @ covariance @ row)) * per(unit)
    return found, float(singular[0] / singular[-1])


def identifiability(rig: Rig, scratch: Path) -> list[tuple[str, ...]]:
    """Rows of the table: quantity, needed, with the excitation, with a song."""
    model = build_model(rig)
    bundle, midi = write_excitation(make_excitation(model), model, scratch)
    played = [
        play_virtual(song, model=model, policy=policy, world=WORLD, out=scratch / "runs")[1]
        for song, policy in ((str(midi), str(bundle)), (SONG, "planner"))
    ]
    (excited, condition), (sung, of_song) = (deviations(rig, folder) for folder in played)
    rows = [
        (rig.name, name, needed(name), f"{excited[name]:.2g}", f"{sung[name]:.2g}")
        for name in excited
    ]
    return [*rows, (rig.name, "condition number", "", f"{condition:.0f}", f"{of_song:.0f}")]


def main() -> None:
    """Measure and fill."""
    rigs = [load_rig(name) for name in rig_names()]
    with tempfile.TemporaryDirectory() as scratch:
        rows = [row for rig in rigs for row in identifiability(rig, Path(scratch) / rig.name)]
    header = ("rig", "quantity", "needed", "excitation", "one song")
    fill("identifiability", table(header, rows), PAGE)


if __name__ == "__main__":
    main()

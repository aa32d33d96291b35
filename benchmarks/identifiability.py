"""How well recordings show a rig's physics: fills a table of docs/excitation.md.

    python -m benchmarks.identifiability

Each rig plays its excitation, and Ode to Joy with the planner, in a world that differs from the
simulator in what physics parameters can say, with jitter and noisy encoders. From the Jacobian J of
calibration's own residuals at the true parameters follows the Cramer-Rao bound: no fit without
bias has smaller standard deviations than those of (J^T J + prior)^-1, all parameters free.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.cells import ROOT, fill, table
from calibration.excitation import make_excitation, write_excitation
from calibration.excitation.places import Places
from calibration.recordings import read_recording
from calibration.residuals import STATE_DELAY, FreeParameters, Objective, segments_of
from calibration.virtual import play_virtual
from hardware.world import World
from hardware.world.physics import true_parameters
from policies.planner import load_parameters
from policies.planner.kinematics import Finger
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

NEEDED = {
    "damping / stiffness": "5 %",
    "friction / stiffness": "5 %",
    "command delay": "3 ms",
    "touch height": "0.3 mm",
    "lateral offset": "0.6 mm",
    "trigger": "0.05",
    "press force at the trigger": "15 %",
}
"""How near to the truth calibration has to come; the other rows need not."""


class Quantities:
    """Derivatives of what players care about, by the entries of a vector of free parameters.

    Args:
        free: the entries.
        z: where, shape `(d,)`.
    """

    def __init__(self, free: FreeParameters, z: Array) -> None:
        self._free, self._rig = free, free.rig
        self._values = dict(free.parameters(z).values)
        up, down = free.values(z + 1e-4), free.values(z - 1e-4)
        self._per_entry = dict(zip(free.names, (up - down) / 2e-4, strict=True))

    def all(self) -> dict[str, tuple[Array, str]]:
        """Rows of derivatives, shape `(d,)`, with the unit, by name."""
        v = self._values
        damping = v["finger_damping_nms_per_rad"] + v["finger_gain_damping_nms_per_rad"]
        stiffness = {"finger_stiffness_nm_per_rad": -1 / v["finger_stiffness_nm_per_rad"]}
        friction = {"finger_frictionloss_nm": 1 / v["finger_frictionloss_nm"]}
        rows = {
            "damping / stiffness": ({"finger_damping_nms_per_rad": 1 / damping} | stiffness, "%"),
            "friction / stiffness": (friction | stiffness, "%"),
            "command delay": ({"command_delay_s": 1.0}, "ms"),
            **{f"touch height, {k}": (r, "mm") for k, r in self._tips(2).items()},
            **{f"lateral offset, {k}": (r, "mm") for k, r in self._tips(1).items()},
            "trigger": ({"key_trigger_fraction": 1.0}, ""),
            "press force at the trigger": (self._press_force(), "%"),
            "release": ({"key_release_fraction": 1.0}, ""),
            "state delay": ({STATE_DELAY: 1.0}, "ms"),
            "finger stiffness": (stiffness, "%"),
            "finger armature": ({"finger_armature_kgm2": 1 / v["finger_armature_kgm2"]}, "%"),
            "rail stiffness": ({"rail_stiffness_n_per_m": 1 / v["rail_stiffness_n_per_m"]}, "%"),
            "rail friction": ({"rail_friction_n": 1 / v["rail_friction_n"]}, "%"),
            "key damping": ({"key_damping_nms_per_rad": 1 / v["key_damping_nms_per_rad"]}, "%"),
            "sliding friction": ({"tip_sliding_friction": 1 / v["tip_sliding_friction"]}, "%"),
            "depth offset": ({"keyboard_x_m": 1.0}, "mm"),
            "yaw": ({"keyboard_yaw_rad": 1.0}, "mrad"),
        }
        return {name: (self._row(parts), unit) for name, (parts, unit) in rows.items()}

    def _row(self, parts: Mapping[str, float]) -> Array:
        return np.array([parts.get(n, 0.0) * self._per_entry[n] for n in self._free.names])

    def _press_force(self) -> dict[str, float]:
        """Of the force K (t a + a0) + F that brings a white key to its trigger."""
        v, travel = self._values, self._rig.keyboard.white_shape.max_angle_rad
        stiffness, slack = v["key_stiffness_nm_per_rad"], -self._rig.keys.spring_reference_rad
        bent = v["key_trigger_fraction"] * travel + slack
        torque = stiffness * bent + v["key_friction_nm"]
        return {
            "key_stiffness_nm_per_rad": bent / torque,
            "key_trigger_fraction": stiffness * travel / torque,
            "key_friction_nm": 1 / torque,
        }

    def _tips(self, axis: int) -> dict[str, dict[str, float]]:
        """Of each tip's place relative to a white key in the middle, by finger."""
        parameters = load_parameters(self._rig.name)
        place = Places(self._rig, parameters).on_keys(0.0, black=False)
        rows, column = {}, 1
        for index, name in enumerate(self._rig.hand.fingers):
            finger = Finger(self._rig, index)
            point = place.points[index] - [0.0, place.rail_m, 0.0]
            joints = finger.inverse(point[None], np.array([parameters.pitch_white_rad]))
            jacobian = finger.forward(joints).point_jacobian[0, axis]
            names = self._rig.joint_names[column : column + len(jacobian)]
            column += len(jacobian)
            offsets = {f"joint_offset:{n}": j for n, j in zip(names, jacobian, strict=True)}
            keyboard = {f"keyboard_{'xyz'[axis]}_m": -1.0}
            if axis == 1:
                keyboard["keyboard_yaw_rad"] = -float(place.points[index, 0])
            rows[name] = {**offsets, **keyboard}
        return rows


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
    found = {
        f"{name} [{unit}]" if unit else name: float(np.sqrt(row @ covariance @ row)) * _per(unit)
        for name, (row, unit) in Quantities(free, z).all().items()
    }
    return found, float(singular[0] / singular[-1])


def _per(unit: str) -> float:
    return {"%": 100.0, "ms": 1e3, "mm": 1e3, "mrad": 1e3, "": 1.0}[unit]


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
        (rig.name, name, _needed(name), f"{excited[name]:.2g}", f"{sung[name]:.2g}")
        for name in excited
    ]
    return [*rows, (rig.name, "condition number", "", f"{condition:.0f}", f"{of_song:.0f}")]


def _needed(quantity: str) -> str:
    return next((need for name, need in NEEDED.items() if quantity.startswith(name)), "-")


def main() -> None:
    """Measure and fill."""
    rigs = [load_rig(name) for name in rig_names()]
    with tempfile.TemporaryDirectory() as scratch:
        rows = [row for rig in rigs for row in identifiability(rig, Path(scratch) / rig.name)]
    header = ("rig", "quantity", "needed", "excitation", "one song")
    fill("identifiability", table(header, rows), PAGE)


if __name__ == "__main__":
    main()

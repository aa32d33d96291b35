"""What players care about in a rig's physics, as derivatives by physics parameters.

Parameters make up for each other: a keyboard that is lower and fingers that are bent further touch
at the same place. Quantities are what remains of that: how high a fingertip is above the keys, how
soon a joint follows, how hard a key is pressed when it sounds.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from calibration.excitation.places import Places
from calibration.residuals import STATE_DELAY
from policies.planner import load_parameters
from policies.planner.kinematics import Finger
from sim import PhysicsParameters

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
    """Derivatives of what players care about, by physics parameters and `state_delay_s`.

    Args:
        parameters: where.
    """

    def __init__(self, parameters: PhysicsParameters) -> None:
        self._rig, self._values = parameters.hand_rig, parameters.values

    def all(self) -> dict[str, tuple[Mapping[str, float], str]]:
        """Derivatives by parameter, and the unit in which a quantity is told, by its name."""
        v = self._values
        damping = v["finger_damping_nms_per_rad"] + v["finger_gain_damping_nms_per_rad"]
        stiffness = {"finger_stiffness_nm_per_rad": -1 / v["finger_stiffness_nm_per_rad"]}
        friction = {"finger_frictionloss_nm": 1 / v["finger_frictionloss_nm"]}
        total = dict.fromkeys(
            ("finger_damping_nms_per_rad", "finger_gain_damping_nms_per_rad"), 1 / damping
        )
        return {
            "damping / stiffness": (total | stiffness, "%"),
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


def needed(quantity: str) -> str:
    """How near to the truth a quantity has to be; a dash where that does not matter."""
    return next((need for name, need in NEEDED.items() if quantity.startswith(name)), "-")


def per(unit: str) -> float:
    """How many of a unit make up the quantity's own: 1 rad, 1 m, 1 s or the whole."""
    return {"%": 100.0, "ms": 1e3, "mm": 1e3, "mrad": 1e3, "": 1.0}[unit]

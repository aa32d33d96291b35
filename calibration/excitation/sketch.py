"""Drawing a motion control step by control step: where joints should be, how hard tips press."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.excitation.places import Place
from policies.planner import PlanParameters
from policies.planner.kinematics import Finger
from score import CONTROL_STEP_S
from sim import Rig
from sim.ramps import PEAK_OVER_MEAN, minimum_jerk

Array = NDArray[np.float64]

CLEAR_M = 0.006
"""Height of tips about to touch keys [m]: the keyboard may be 3 mm higher than thought."""

LIFTED_M = 0.016
"""Height above black keys at which tips pass from one row of keys to the other, and swing [m]."""

OVER_WHITE_M = 0.019
"""The same above white keys [m]: over the edges of black ones; higher, fingers bend too far."""

_RAIL_PEAK_M_PER_S, _FINGER_PEAK_RAD_PER_S = 0.25, 2.0
"""Peak speeds between places: within every rig's motors."""

_SHORTEST_WAY_S = 0.3


def steps(seconds: float) -> int:
    """Control steps in a time, at least one."""
    return max(round(seconds / CONTROL_STEP_S), 1)


class Sketch:
    """A motion under construction: every method appends control steps.

    Args:
        rig: nominal geometry.
        parameters: of its planner.
        place: above which it begins.
    """

    def __init__(self, rig: Rig, parameters: PlanParameters, place: Place) -> None:
        self._rig, self._parameters = rig, parameters
        self._fingers = [Finger(rig, index) for index in range(len(rig.hand.fingers))]
        self._place, self._above_m = place, CLEAR_M
        self._references = [self._posture(place, CLEAR_M)]
        self._pushes = [np.zeros(len(rig.joint_names))]

    def references(self) -> Array:
        """Joint positions to be in at the end of each step, shape ``(T, n)``."""
        return np.array(self._references)

    def targets(self) -> Array:
        """Joint targets to hold in each step: the references, and what makes the forces."""
        return np.array(self._references) + np.array(self._pushes)

    def rest(self, seconds: float) -> None:
        """Stay where it is."""
        self._append(np.repeat(self._references[-1][None], steps(seconds), axis=0))

    def go(self, place: Place, above_m: float = CLEAR_M, settle_s: float = 0.2) -> None:
        """Carry the tips to another place, high above edges between black and white keys; wait.

        Args:
            place: where to.
            above_m: height above the touch to stop at [m].
            settle_s: time to wait there [s].
        """
        if self._place.black != place.black:
            for row in (self._place, place):
                lift_m = LIFTED_M if row.black else OVER_WHITE_M
                self._glide(self._posture(row, lift_m))
        self._glide(self._posture(place, above_m))
        self._place, self._above_m = place, above_m
        self.rest(settle_s)

    def press(self, down_s: float, hold_s: float, up_s: float, force_n: float) -> None:
        """Press all keys of the place together to their stops and let them up again.

        Down at a constant speed, the force growing from the touch to the stop; the same way up.
        A servo of stiffness kp that is to press with the vertical force F needs its target J^T F /
        kp beyond where its joint is.

        Args:
            down_s: time from above the keys to their stops [s]; one control step is a strike.
            hold_s: time to hold them there [s].
            up_s: time back up [s].
            force_n: vertical force of each tip on the stop [N].
        """
        bottom = self._place.travel_m
        above = np.full_like(bottom, -self._above_m)
        down = np.linspace(above, bottom, steps(down_s) + 1)[1:]
        up = np.linspace(bottom, above, steps(up_s) + 1)[1:]
        deep_m = np.concatenate([down, np.repeat(bottom[None], steps(hold_s), axis=0), up])
        references = self._postures(self._place, -deep_m)
        forces = force_n * np.clip(deep_m / bottom, 0.0, 1.0)
        self._append(references, self._push(references, forces))

    def swing(self, joints: Array) -> None:
        """Move joints about the present posture, and back to it in the end.

        Args:
            joints: shape ``(steps, n)``, added to the references [m for the rail, rad].
        """
        middle = self._references[-1]
        self._append(middle + joints)
        self._append(middle[None])

    def swing_signs(self) -> Array:
        """Which way each joint swings, shape ``(n,)``: 0 for the rail.

        Fingers side by side, so that they stay apart; the joints of a finger by turns forward and
        back, so that its tip stays where it is, nearly.
        """
        signs = [0.0]
        for finger in self._fingers:
            turn = -1.0
            for lateral in finger.lateral:
                signs.append(1.0 if lateral else turn)
                turn = turn if lateral else -turn
        return np.array(signs)

    def _glide(self, posture: Array) -> None:
        """All joints together, from rest to rest."""
        start = self._references[-1]
        speeds = np.full(len(start), _FINGER_PEAK_RAD_PER_S)
        speeds[0] = _RAIL_PEAK_M_PER_S
        shortest_s = float((np.abs(posture - start) / speeds).max()) * PEAK_OVER_MEAN
        count = steps(max(shortest_s, _SHORTEST_WAY_S))
        shares = np.array([minimum_jerk((row + 1) / count) for row in range(count)])
        self._append(start + shares[:, None] * (posture - start))

    def _posture(self, place: Place, above_m: float) -> Array:
        return np.asarray(self._postures(place, np.full((1, len(place.points)), above_m))[0])

    def _postures(self, place: Place, above_m: Array) -> Array:
        """Joint positions for heights above the touch, shape ``(T, fingers)`` [m]."""
        p, columns = self._parameters, [np.full((len(above_m), 1), place.rail_m)]
        pitch = p.pitch_black_rad if place.black else p.pitch_white_rad
        for index, finger in enumerate(self._fingers):
            tips = np.tile(place.points[index], (len(above_m), 1))
            tips[:, 1] -= place.rail_m
            tips[:, 2] += above_m[:, index]
            columns.append(finger.inverse(tips, np.full(len(tips), pitch)))
        return np.concatenate(columns, axis=1)

    def _push(self, references: Array, forces_n: Array) -> Array:
        """What targets are beyond the references to press, shape ``(T, n)``."""
        push, column = np.zeros_like(references), 1
        for index, finger in enumerate(self._fingers):
            part = slice(column, column + len(finger.low))
            down = -finger.forward(references[:, part]).point_jacobian[:, 2]
            stiffness = self._rig.finger.stiffness_nm_per_rad
            push[:, part] = down * forces_n[:, index : index + 1] / stiffness
            column = part.stop
        return push

    def _append(self, references: Array, pushes: ArrayLike = 0.0) -> None:
        self._references.extend(references)
        self._pushes.extend(np.broadcast_to(pushes, references.shape))

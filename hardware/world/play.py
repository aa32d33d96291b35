"""Backlash: the play between a joint's encoder, on the motor's side, and its link."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim import PHYSICS_STEP_S, RigModel

Array = NDArray[np.float64]


class Play:
    """How far each encoder is ahead of its link.

    What the motor transmits to the link decides at which end of the play it is: load on the link
    pushes it back, its inertia leaves it behind. On the way from end to end the motor runs free, at
    the speed at which its back-EMF takes up that torque. Otherwise motor and link move as one
    body: impacts at the ends are far shorter than a physics step. Without load nothing moves, so
    play is also hysteresis.

    Gear friction is on the motor's side of a finger's play; of the rail, the carriage rubs.

    Attributes:
        offsets: encoder minus link, shape ``(n,)`` [m for the rail, rad].
        speeds: their rate of change in the last physics step.
    """

    def __init__(self, model: RigModel, data: mujoco.MjData, width: Array) -> None:
        """Begin in the middle.

        Args:
            model: the rig, with its true physics.
            data: its state; read after every step.
            width: from end to end, shape ``(n,)`` [m for the rail, rad].
        """
        joints, mj = model.joint_qvel, model.mj
        self._data, self._joints, self._half = data, joints, width / 2
        self._rate = PHYSICS_STEP_S / mj.dof_damping[joints]
        self._armature = mj.dof_armature[joints].copy()
        self._rubs = np.flatnonzero(mj.dof_frictionloss[joints] > 0)  # in the solver's rows
        self.reset()

    def reset(self) -> None:
        """Begin in the middle again."""
        self.offsets = np.zeros(len(self._half))
        self.speeds = np.zeros(len(self._half))

    def step(self) -> None:
        """Follow one physics step."""
        moved = self.offsets + self._rate * self._transmitted()
        offsets = np.minimum(np.maximum(moved, -self._half), self._half)
        self.speeds = (offsets - self.offsets) / PHYSICS_STEP_S
        self.offsets = offsets

    def _transmitted(self) -> Array:
        """Motor torque less what the motor itself takes: back-EMF, inertia, gear friction."""
        data, joints = self._data, self._joints
        torque: Array = data.qfrc_actuator[joints] + data.qfrc_damper[joints]
        torque -= self._armature * data.qacc[joints]
        # The solver's friction rows go by degree of freedom, and the hand's are the last.
        friction = np.zeros(len(joints))
        friction[self._rubs] = data.efc_force[data.nf - len(self._rubs) : data.nf]
        torque[1:] += friction[1:]
        return torque

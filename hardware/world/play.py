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
        self._data, self._joints, self._half = data, run_of(joints), width / 2
        self._rate = PHYSICS_STEP_S / mj.dof_damping[joints]
        self._armature = mj.dof_armature[joints].copy()
        # The solver's rows of friction go by degree of freedom, and the fingers' are the last.
        self._rows = np.argsort(np.argsort(joints[1:]))
        self._n_rows = len(self._rows) if mj.dof_frictionloss[joints[1:]].all() else 0
        self.reset()

    def reset(self) -> None:
        """Begin in the middle again."""
        self.offsets = np.zeros(len(self._half))
        self.speeds = np.zeros(len(self._half))

    def step(self) -> None:
        """Follow one physics step."""
        offsets = self._transmitted()
        offsets *= self._rate
        offsets += self.offsets
        np.maximum(offsets, -self._half, out=offsets)
        np.minimum(offsets, self._half, out=offsets)
        self.speeds = (offsets - self.offsets) / PHYSICS_STEP_S
        self.offsets = offsets

    def _transmitted(self) -> Array:
        """Motor torque less what the motor itself takes: back-EMF, inertia, gear friction."""
        data, joints = self._data, self._joints
        torque: Array = data.qfrc_actuator[joints] + data.qfrc_damper[joints]
        torque -= self._armature * data.qacc[joints]
        if self._n_rows:
            last = data.nf
            torque[1:] += data.efc_force[last - self._n_rows : last][self._rows]
        return torque


def run_of(indices: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """The same indices as a slice where they lie in one run: reading is then five times faster."""
    run = slice(int(indices[0]), int(indices[-1]) + 1)
    return run if np.array_equal(indices, np.arange(run.start, run.stop)) else indices

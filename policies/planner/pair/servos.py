"""What servos of two hands make of a target, and which target makes them do what is wanted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm
from scipy.sparse import diags, identity
from scipy.sparse.linalg import spsolve

from score import CONTROL_STEP_S
from sim import PlayablePair

Floats = NDArray[np.float64]

_LEAST_INERTIA = 1e-4
"""Below it a joint follows within a step whatever it is [kg, kgm²]."""

_CALM, _SMALL = 0.003, 1e-6
"""Weights of a target's changes and of itself: without them the inverse of a slow servo rings."""

_SILENT = 1e-9
"""Response to a past target from which on it is forgotten."""


@dataclass(frozen=True)
class Servos:
    """Servos as damped springs that pull masses to their targets; columns without the pedal.

    Attributes:
        transitions: position and velocity after a control step, from position, velocity and
            target, shape ``(n, 2, 3)``.
        stiffness: shape ``(n,)`` [Nm/rad, N/m for slides].
    """

    transitions: Floats
    stiffness: Floats

    @staticmethod
    def of(model: PlayablePair) -> Servos:
        """Read from a compiled model; a servo of two joints has half their inertia and damping."""
        servos = np.arange(model.n_joints - 1)
        joints = model.joint_qvel[servos]
        stiffness = model.mj.actuator_gainprm[model.actuators[servos], 0]
        half = np.where(np.isin(servos, model.coupled), 0.5, 1.0)
        damping = model.mj.dof_damping[joints] * half
        inertia = np.maximum(model.mj.dof_M0[joints], _LEAST_INERTIA) * half
        rates = np.zeros((len(servos), 3, 3))
        rates[:, 0, 1] = 1.0
        rates[:, 1] = np.stack([-stiffness, -damping, stiffness], axis=-1) / inertia[:, None]
        return Servos(expm(rates * CONTROL_STEP_S)[:, :2], stiffness)

    def reach(self, wanted: Floats, position: Floats, velocity: Floats) -> Floats:
        """Targets that bring joints to a place within one control step, all of shape ``(n,)``."""
        by_position, by_velocity, by_target = self.transitions[:, 0].T
        return (wanted - by_position * position - by_velocity * velocity) / by_target

    def follow(self, column: int, wanted: Floats) -> Floats:
        """Targets with which one joint follows a motion of shape ``(T,)`` from rest.

        Regularised least squares over the whole motion: calm targets whose response is near it.
        """
        count = len(wanted)
        response = self._response(column, count)
        past = diags(response, -np.arange(len(response)), (count, count), "csc")
        change = diags([-1.0, 1.0], [0, 1], (max(count - 1, 0), count), "csc")
        normal = past.T @ past + _CALM * (change.T @ change) + _SMALL * identity(count)
        moved = wanted - wanted[0]
        return wanted[0] + np.asarray(spsolve(normal.tocsc(), past.T @ moved))

    def _response(self, column: int, count: int) -> Floats:
        """Place after 1, 2, ... control steps to a target that was 1 for the first one."""
        state, turn = self.transitions[column, :, 2], self.transitions[column, :, :2]
        response: list[float] = []
        while len(response) < count and (len(response) < 2 or np.abs(state).max() > _SILENT):
            response.append(state[0])
            state = turn @ state
        return np.array(response)

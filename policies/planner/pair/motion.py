"""The motion of both hands over a whole song: Gauss-Newton steps of one banded system each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from policies.planner.pair.aims import TipAims
from policies.planner.pair.misfit import Misfit, NormalEquations
from policies.planner.pair.posture import Posture

Floats = NDArray[np.float64]

_LIMIT_RAD = 0.01
_STEP_RAD = 0.4
_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-2, 1e-6, 1e4
_HARDER, _EASIER = 6.0, 4.0
_WORTH = 2e-4
"""Share of the cost that a step has to gain for another one to follow."""


@dataclass(frozen=True)
class Motion:
    """Joint positions over a song.

    Attributes:
        joints: within their limits, shape ``(T, n)`` [rad, m for slides].
        costs: cost before and after each step that was taken.
    """

    joints: Floats
    costs: tuple[float, ...]


class MotionOptimiser:
    """Finds smooth motions that meet their aims, near the posture at rest (Levenberg-Marquardt).

    The cost is the misfit of each step, squared distances from the posture at rest and from the
    joint limits, and squared speeds and accelerations: only these couple a step to the next two,
    so the normal equations are banded.
    """

    def __init__(
        self, misfit: Misfit, posture: Posture, low: Floats, high: Floats, rest_weight: float
    ) -> None:
        self._misfit, self._rest, self._low, self._high = misfit, posture.rest, low, high
        self._rest_weight = (rest_weight / posture.spread) ** 2
        self._speed_weight, self._acceleration_weight = posture.speed**-2, posture.acceleration**-2

    def __call__(self, joints: Floats, aims: Sequence[TipAims], iterations: int) -> Motion:
        """Improve a motion of shape ``(T, n)``; the cost never rises."""
        smooth = self._smoothness(len(joints))
        costs, equations = self._evaluate(joints, aims, smooth)
        history, damping = [costs], _FIRST_DAMPING
        for _ in range(iterations):
            banded = _banded(equations.matrix, smooth)
            while damping < _MOST_DAMPING:
                step = _solve(banded, equations.gradient, damping)
                new = joints + np.clip(step, -_STEP_RAD, _STEP_RAD)
                cost, there = self._evaluate(new, aims, smooth)
                if cost < history[-1]:
                    break
                damping *= _HARDER
            else:
                break
            joints, equations, damping = new, there, max(damping / _EASIER, _LEAST_DAMPING)
            history.append(cost)
            if history[-2] - cost < _WORTH * history[-2]:
                break
        return Motion(np.clip(joints, self._low, self._high), tuple(history))

    def _evaluate(
        self, joints: Floats, aims: Sequence[TipAims], smooth: Floats
    ) -> tuple[float, NormalEquations]:
        """Cost of a motion and its normal equations, their coupling of steps left out."""
        equations = self._misfit(joints, aims)
        away = self._rest - joints
        beyond = np.maximum(self._low - joints, 0.0) - np.maximum(joints - self._high, 0.0)
        rough = _times(smooth, joints)
        diagonal = np.arange(joints.shape[1])
        equations.matrix[:, diagonal, diagonal] += self._rest_weight + (beyond != 0) / _LIMIT_RAD**2
        gradient = equations.gradient
        gradient += self._rest_weight * away + beyond / _LIMIT_RAD**2 - rough
        own = (self._rest_weight * away**2).sum() + (beyond**2).sum() / _LIMIT_RAD**2
        return float(equations.cost.sum() + own + (joints * rough).sum()), equations

    def _smoothness(self, count: int) -> Floats:
        """Bands of the speed and acceleration costs: of a step with the next 0, 1, 2 ones."""
        bands = np.zeros((3, count, len(self._rest)))
        weighted = (([-1, 1], self._speed_weight), ([1, -2, 1], self._acceleration_weight))
        for stencil, weight in weighted:
            windows = max(count - len(stencil) + 1, 0)
            for i, first in enumerate(stencil):
                for j, second in enumerate(stencil[i:]):
                    bands[j, i : i + windows] += first * second * weight
        return bands


def _times(bands: Floats, joints: Floats) -> Floats:
    """The smoothness matrix times a motion."""
    product = bands[0] * joints
    for k in (1, 2):
        product[:-k] += bands[k, :-k] * joints[k:]
        product[k:] += bands[k, :-k] * joints[:-k]
    return product


def _banded(matrix: Floats, smooth: Floats) -> Floats:
    """The whole system in SciPy's lower banded form, shape ``(2 n + 1, T n)``."""
    count, n, _ = matrix.shape
    banded = np.zeros((2 * n + 1, count, n))
    for k in range(n):
        column = np.arange(n - k)
        banded[k][:, column] = matrix[:, column + k, column]
    for k in range(3):
        banded[k * n] += smooth[k]
    return banded.reshape(2 * n + 1, -1)


def _solve(banded: Floats, gradient: Floats, damping: float) -> Floats:
    damped = banded.copy()
    damped[0] *= 1.0 + damping
    step = solveh_banded(
        damped, gradient.ravel(), lower=True, overwrite_ab=True, check_finite=False
    )
    return np.asarray(step).reshape(gradient.shape)

"""Postures of one hand on chords: inverse kinematics of many chords at once, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.kinematics import HandKinematics
from policies.planner.pair.parameters import ChordCosts, PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from policies.planner.pair.posture import Posture, posture_of

Floats = NDArray[np.float64]
Keys = NDArray[np.int_]

IDLE = -1
"""Stands for a key where a finger has none."""

_ALONG_M, _SIDEWAYS_M, _HEIGHT_M = 0.008, 0.0015, 0.001
"""How exactly tips get to their keys; keys are long, narrow, and have to go down all the way."""

_IDLE_X_M, _IDLE_ALONG_M = 0.03, 0.05
_HOVER_M, _GAP_M = 0.002, 0.002
_LIMIT_RAD = 0.01
_ACROSS_M = 0.002
_DAMPING = 1e-3
_STEP_RAD = 0.3
_CHUNK = 1024
"""Chords at once: more take memory, fewer time."""

_MISS_FREE_M, _LOW_FREE_M = 0.0008, 0.002


@dataclass(frozen=True)
class Grips:
    """Postures on ``N`` chords.

    Attributes:
        joints: the posture, shape ``(N, n)`` [rad, m for slides].
        miss_m: greatest error of a pressing tip sideways or in height, shape ``(N,)``.
        low_m: greatest lack of height of an idle tip.
        along_m: greatest error of a pressing tip along its key.
        strain: squared distance from the posture at rest, in spreads.
    """

    joints: Floats
    miss_m: Floats
    low_m: Floats
    along_m: Floats
    strain: Floats

    def cost(self, costs: ChordCosts) -> Floats:
        """What each posture costs, shape ``(N,)``."""
        miss = np.maximum(self.miss_m - _MISS_FREE_M, 0.0) / 0.001
        low = np.maximum(self.low_m - _LOW_FREE_M, 0.0) / 0.005
        along = np.maximum(self.along_m - costs.along_free_m, 0.0) / 0.01
        return (
            costs.strain * self.strain + costs.miss * miss + costs.low * low + costs.along * along
        )


class ChordSolver:
    """Finds postures of one hand on chords."""

    def __init__(
        self, hand: HandKinematics, places: KeyPlaces, parameters: PairPlanParameters
    ) -> None:
        self._hand, self._places, self._parameters = hand, places, parameters
        self._posture: Posture = posture_of(hand, parameters)
        self._thumb = np.array([finger == "th" for finger in hand.fingers[:-1]])
        self._rest_y = float(hand.tips(self._posture.rest[None])[0, 2, 1])  # a middle finger

    def solve(self, keys: Keys, iterations: int, across: Floats | None = None) -> Grips:
        """Postures on chords by damped Gauss-Newton steps, all chords at once.

        Args:
            keys: key of each finger, ``IDLE`` for none, shape ``(N, fingers)``.
            iterations: number of steps.
            across: where the forearm has to be, shape ``(N,)`` [m]; anywhere by default.
        """
        parts = [
            self._solve(
                keys[i : i + _CHUNK], iterations, None if across is None else across[i : i + _CHUNK]
            )
            for i in range(0, len(keys), _CHUNK)
        ]
        return Grips(*(np.concatenate(values) for values in zip(*parts, strict=True)))

    def _solve(self, keys: Keys, iterations: int, across: Floats | None) -> tuple[Floats, ...]:
        hand, pressing = self._hand, keys != IDLE
        aims = self._places.pressed[np.where(pressing, keys, 0)]
        joints = np.tile(self._posture.rest, (len(keys), 1))
        middle = (aims[..., 1] * pressing).sum(axis=1) / pressing.sum(axis=1)
        joints[:, hand.across] = (
            (middle - self._rest_y) / hand.across_y if across is None else across
        )
        for _ in range(iterations):
            joints = joints + self._step(joints, aims, pressing, across)
        joints = np.clip(joints, hand.low, hand.high)
        tips = hand.tips(joints)
        error = np.abs(aims - tips) * pressing[..., None]
        low = np.where(pressing, 0.0, np.maximum(self._parameters.hover_m - tips[..., 2], 0.0))
        strain = (((joints - self._posture.rest) / self._posture.spread) ** 2).sum(axis=1)
        miss = np.maximum(error[..., 1], error[..., 2]).max(axis=1)
        return joints, miss, low.max(axis=1), error[..., 0].max(axis=1), strain

    def _step(
        self, joints: Floats, aims: Floats, pressing: NDArray[np.bool_], across: Floats | None
    ) -> Floats:
        hand, rest, spread = self._hand, self._posture.rest, self._posture.spread
        residual, jacobian = self._rows(joints, aims, pressing)
        transposed = jacobian.swapaxes(1, 2)
        normal, gradient = transposed @ jacobian, (transposed @ residual[..., None])[..., 0]
        beyond = np.maximum(hand.low - joints, 0.0) - np.maximum(joints - hand.high, 0.0)
        diagonal = np.arange(hand.count)
        normal[:, diagonal, diagonal] += spread**-2 + (beyond != 0) / _LIMIT_RAD**2 + _DAMPING
        gradient += (rest - joints) / spread**2 + beyond / _LIMIT_RAD**2
        if across is not None:
            normal[:, hand.across, hand.across] += _ACROSS_M**-2
            gradient[:, hand.across] += (across - joints[:, hand.across]) / _ACROSS_M**2
        step = np.linalg.solve(normal, gradient[..., None])[..., 0]
        widest = np.abs(step[:, : hand.across]).max(axis=1, keepdims=True)
        return step * np.minimum(1.0, _STEP_RAD / np.maximum(widest, 1e-9))

    def _rows(
        self, joints: Floats, aims: Floats, pressing: NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """What is still to be gained, and how joints change it: keys, height, place, gaps."""
        points = self._hand.points(joints, 1)
        tips, jacobian = points.place[:, :, 0], points.jacobian[:, :, 0]
        weight = pressing[..., None] / np.array([_ALONG_M, _SIDEWAYS_M, _HEIGHT_M])
        lack = self._parameters.hover_m - tips[..., 2]
        low = ((lack > 0) & ~pressing) / _HOVER_M
        idle = ~pressing / _IDLE_ALONG_M
        gap = self._gaps(tips) - self._hand.sign * np.diff(tips[..., 1], axis=1)
        tight = (gap > 0) / _GAP_M
        apart = self._hand.sign * np.diff(jacobian[..., 1, :], axis=1)
        count, n = len(joints), self._hand.count
        return np.concatenate(
            [
                ((aims - tips) * weight).reshape(count, -1),
                lack * low,
                (_IDLE_X_M - tips[..., 0]) * idle,
                gap * tight,
            ],
            axis=1,
        ), np.concatenate(
            [
                (jacobian * weight[..., None]).reshape(count, -1, n),
                jacobian[..., 2, :] * low[..., None],
                jacobian[..., 0, :] * idle[..., None],
                apart * tight[..., None],
            ],
            axis=1,
        )

    def _gaps(self, tips: Floats) -> Floats:
        """Least sideways distances of neighbouring tips; a thumb may pass in front or behind."""
        gap, ahead = self._parameters.tip_gap_m, np.diff(tips[..., 0], axis=1)
        aside = np.sqrt(np.maximum(gap**2 - ahead**2, 0.0))
        return np.where(self._thumb, aside, gap)


_LOWEST, _WIDEST = 24, 36
"""Shapes of chords start within an octave from here; what is wider is as far out of reach."""

Shape = tuple[int, ...]


def shape_of(keys: Sequence[int]) -> tuple[Shape, int]:
    """A chord moved into one octave of the keyboard, and by how many octaves it lies above."""
    octaves = (keys[0] - _LOWEST) // 12
    return tuple(min(key, keys[0] + _WIDEST) - 12 * octaves for key in keys), octaves

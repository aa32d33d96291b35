"""How far postures of two hands are from their aims and from touching what they must not touch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.aims import TipAims
from policies.planner.pair.kinematics import POINTS, HandKinematics, HandPoints
from policies.planner.pair.parameters import PairPlanParameters
from sim.keyboards import Keyboard
from sim.pair.rig import SIDES

Floats = NDArray[np.float64]

_TOUCH_M, _LINK_M = 0.003, 0.004
"""How much too near tips and links may come for a cost of 1."""

_MARGIN_M, _LINK_MARGIN_M, _HANDS_MARGIN_M = 0.0005, 0.001, 0.002
_FRONT_MARGIN_M = 0.003
"""Links this near in front of black keys stay above them too."""

_LEAST_GAP_M = 0.0105
"""Neighbouring fingers stay so far apart sideways even where one is above the other."""

_MEETING = 2
"""Fingers of either hand that may meet the other hand: thumb and first finger."""

_THUMB_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2))
_FINGER_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (1, 0), (1, 2), (2, 1))
"""Points of neighbouring fingers that may touch each other."""


@dataclass(frozen=True)
class NormalEquations:
    """A sum of squares and its Gauss-Newton model, for each of ``T`` postures.

    Attributes:
        cost: the sum, shape ``(T,)``.
        matrix: its halved second derivative, shape ``(T, n, n)``.
        gradient: its halved first derivative with the sign turned, shape ``(T, n)``.
    """

    cost: Floats
    matrix: Floats
    gradient: Floats

    def add(
        self, residual: Floats, jacobian: Floats, rows: NDArray[np.intp] | slice, columns: slice
    ) -> None:
        """Add residuals of shape ``(T, m)`` that shrink by ``jacobian`` times a step."""
        transposed = jacobian.swapaxes(1, 2)
        self.cost[rows] += (residual**2).sum(axis=1)
        self.matrix[rows, columns, columns] += transposed @ jacobian
        self.gradient[rows, columns] += (transposed @ residual[..., None])[..., 0]


class Misfit:
    """The misfit of two hands' postures; joints of the right hand come first."""

    def __init__(
        self,
        hands: Mapping[str, HandKinematics],
        keyboard: Keyboard,
        parameters: PairPlanParameters,
    ) -> None:
        self._hands = [hands[side] for side in SIDES]
        self._forearm_gap_m = parameters.forearm_gap_m
        fingers = self._hands[0].fingers
        radii = {True: parameters.thumb_radii_m, False: parameters.link_radii_m}
        self._radius = np.array([radii[finger == "th"] for finger in fingers])
        white, black = keyboard.white_shape, keyboard.black_shape
        self._front_m = black.body_x + black.size[0] / 2 + _FRONT_MARGIN_M
        self._tops_m = white.top_z, black.top_z
        self._pairs = _Pairs(fingers, self._radius)

    def __call__(self, joints: Floats, aims: Sequence[TipAims]) -> NormalEquations:
        """The misfit of joints of shape ``(T, n)`` to the aims of the right and left hand."""
        count, n = joints.shape
        sums = NormalEquations(np.zeros(count), np.zeros((count, n, n)), np.zeros((count, n)))
        both = []
        for hand, aim in zip(self._hands, aims, strict=True):
            points = hand.points(joints[:, hand.columns])
            sums.add(*self._of_hand(hand, points, aim), slice(None), hand.columns)
            both.append(points)
        self._forearms(sums, joints)
        self._meeting(sums, *both)
        return sums

    def _of_hand(
        self, hand: HandKinematics, points: HandPoints, aims: TipAims
    ) -> tuple[Floats, Floats]:
        """Rows of one hand: aims and floors of tips, links over keys, fingers beside each other."""
        count, n = len(points.place), hand.count
        tip, tip_jacobian = points.place[:, :, 0], points.jacobian[:, :, 0]
        lack = aims.floor - tip[..., 2]
        low = (lack > 0) / _TOUCH_M
        links, link_jacobian = points.place[:, :, 1:], points.jacobian[:, :, 1:, 2]
        white, black = self._tops_m
        top = np.where(links[..., 0] < self._front_m, black, white)
        sunk = top + self._radius[:, 1:] + _LINK_MARGIN_M - links[..., 2]
        sinks = (sunk > 0) / _LINK_M
        near, near_jacobian = self._pairs(hand.sign, points)
        residual = [
            ((aims.place - tip) * aims.weight).reshape(count, -1),
            lack * low,
            (sunk * sinks).reshape(count, -1),
            near,
        ]
        jacobian = [
            (aims.weight[..., None] * tip_jacobian).reshape(count, -1, n),
            low[..., None] * tip_jacobian[:, :, 2],
            (sinks[..., None] * link_jacobian).reshape(count, -1, n),
            near_jacobian,
        ]
        return np.concatenate(residual, axis=1), np.concatenate(jacobian, axis=1)

    def _forearms(self, sums: NormalEquations, joints: Floats) -> None:
        """Forearms beside each other; only where they are too near, which is seldom."""
        right, left = self._hands
        lack = self._forearm_gap_m - (_forearm_y(right, joints) - _forearm_y(left, joints))
        rows = np.flatnonzero(lack > 0)
        jacobian = np.zeros((len(rows), 1, joints.shape[1]))
        for hand, sign in ((right, 1.0), (left, -1.0)):
            jacobian[:, 0, hand.columns.start + hand.across] = sign * hand.across_y / _TOUCH_M
        sums.add(lack[rows, None] / _TOUCH_M, jacobian, rows, slice(None))

    def _meeting(self, sums: NormalEquations, right: HandPoints, left: HandPoints) -> None:
        """Thumbs and first fingers of the hands beside each other; only where they touch."""
        count, radius = len(right.place), self._radius[:_MEETING].ravel()
        a, b = (points.place[:, :_MEETING].reshape(count, -1, 3) for points in (right, left))
        apart = a[..., 1].min(axis=1) - b[..., 1].max(axis=1)
        rows = np.flatnonzero(apart < 2 * radius.max() + _HANDS_MARGIN_M)
        if not len(rows):
            return
        way = a[rows, :, None] - b[rows, None]
        reach = (radius[:, None] + radius + _HANDS_MARGIN_M) ** 2
        need = np.sqrt(np.maximum(reach - way[..., 0] ** 2 - way[..., 2] ** 2, 0.0))
        lack = need - way[..., 1]
        active = ((lack > 0) & (need > 0)) / _TOUCH_M
        jacobian = np.zeros((*active.shape, sums.gradient.shape[1]))
        for hand, points, sign in zip(self._hands, (right, left), (1.0, -1.0), strict=True):
            sideways = points.jacobian[rows, :_MEETING, :, 1].reshape(len(rows), -1, hand.count)
            sideways = sideways[:, :, None] if sign > 0 else sideways[:, None]
            jacobian[..., hand.columns] = sign * active[..., None] * sideways
        flat = (len(rows), active[0].size)
        residual = (lack * active).reshape(flat)
        sums.add(residual, jacobian.reshape(*flat, -1), rows, slice(None))


class _Pairs:
    """Points of neighbouring fingers that may touch: the next finger has to stay beside."""

    def __init__(self, fingers: Sequence[str], radius: Floats) -> None:
        found = [
            (finger * POINTS + a, (finger + 1) * POINTS + b, fingers[finger] == "th")
            for finger in range(len(fingers) - 1)
            for a, b in (_THUMB_PAIRS if fingers[finger] == "th" else _FINGER_PAIRS)
        ]
        self._first, self._second = (np.array([pair[i] for pair in found]) for i in (0, 1))
        self._least = np.where([pair[2] for pair in found], 0.0, _LEAST_GAP_M)
        self._reach = (radius.ravel()[self._first] + radius.ravel()[self._second] + _MARGIN_M) ** 2

    def __call__(self, sign: float, points: HandPoints) -> tuple[Floats, Floats]:
        """Residuals of shape ``(T, pairs)`` and their Jacobian."""
        count = len(points.place)
        place = points.place.reshape(count, -1, 3)
        sideways = points.jacobian[..., 1, :].reshape(count, place.shape[1], -1)
        way = place[:, self._second] - place[:, self._first]
        need = np.sqrt(np.maximum(self._reach - way[..., 0] ** 2 - way[..., 2] ** 2, 0.0))
        need = np.maximum(need, self._least)
        lack = need - sign * way[..., 1]
        active = ((lack > 0) & (need > 0)) / _TOUCH_M
        apart = sideways[:, self._second] - sideways[:, self._first]
        return lack * active, (sign * active)[..., None] * apart


def _forearm_y(hand: HandKinematics, joints: Floats) -> Floats:
    return hand.home_y + hand.across_y * joints[:, hand.columns.start + hand.across]

"""Where fingertips should be at each step of a song, and how much that matters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.changes import Fingers
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from score import Press

Floats = NDArray[np.float64]

NO_FLOOR = -1.0
"""Height that no tip gets below: one that is to touch keys has no floor [m]."""

_IDLE_M = 0.015
_SIDEWAYS_M, _HEIGHT_M = 0.002, 0.001
_AFTER_M = (0.008, 0.003, 0.002)
_BETWEEN_M = (0.010, 0.004, 0.002)
_READY_M = (0.010, 0.003, 0.002)
"""How exactly tips are where they should be: along keys, sideways, in height."""


@dataclass(frozen=True)
class TipAims:
    """Aims of tips, for each of ``T`` steps or postures; all arrays may be written to.

    Attributes:
        place: where tips should be, shape ``(T, fingers, 3)`` [m].
        weight: what 1 m off costs, as the root of a squared cost, same shape.
        floor: least height of tips, shape ``(T, fingers)`` [m].
        pressing: whether a tip should hold a key down, same shape.
    """

    place: Floats
    weight: Floats
    floor: Floats
    pressing: NDArray[np.bool_]

    def set(
        self,
        step: int | slice,
        finger: int,
        place: Floats,
        tolerance_m: tuple[float, float, float],
    ) -> None:
        """Have a tip somewhere, however low, as exactly as ``tolerance_m``."""
        self.place[step, finger], self.weight[step, finger] = place, 1.0 / np.array(tolerance_m)
        self.floor[step, finger] = NO_FLOOR

    def of(self, fingers: slice) -> TipAims:
        """Those of some fingers; what is written to them is written to these too."""
        return TipAims(
            self.place[:, fingers],
            self.weight[:, fingers],
            self.floor[:, fingers],
            self.pressing[:, fingers],
        )


def idle_aims(steps: int, fingers: int, idle_x_m: float, hover_m: float) -> TipAims:
    """Aims of a hand that has nothing to do: tips high over the middle of the white keys."""
    shape = (steps, fingers)
    place, weight = np.zeros((*shape, 3)), np.zeros((*shape, 3))
    place[..., 0], weight[..., 0] = idle_x_m, 1.0 / _IDLE_M
    return TipAims(place, weight, np.full(shape, hover_m), np.zeros(shape, bool))


def playing_aims(
    fingering: Fingers, steps: int, fingers: int, places: KeyPlaces, parameters: PairPlanParameters
) -> TipAims:
    """Aims of a hand that plays: press, rise, be ready over the next key."""
    aims = idle_aims(steps, fingers, parameters.idle_x_m, parameters.motion_hover_m)
    hand = _Playing(aims, places, parameters)
    for finger in range(fingers):
        presses = sorted((p for p in fingering if fingering[p] == finger), key=lambda p: p.start)
        for press in presses:
            hand.press(press, finger)
        for before, press in zip([None, *presses], presses, strict=False):
            hand.be_ready(before, press, finger)
            hand.rise(press, finger)
    return aims


class _Playing:
    """Writes presses into aims."""

    def __init__(self, aims: TipAims, places: KeyPlaces, parameters: PairPlanParameters) -> None:
        self._aims, self._places, self._parameters = aims, places, parameters

    def press(self, press: Press, finger: int) -> None:
        """Hold a key down."""
        steps = slice(press.start, press.end)
        tolerance_m = (self._parameters.strike_x_tolerance_m, _SIDEWAYS_M, _HEIGHT_M)
        self._aims.set(steps, finger, self._places.pressed[press.key], tolerance_m)
        self._aims.pressing[steps, finger] = True
        if press.end - press.start > 3:  # the end of a long note may give way to the next
            end = self._parameters.end_weight
            self._aims.weight[press.end - 2 : press.end, finger, 1] *= [(1.0 + end) / 2.0, end]

    def rise(self, press: Press, finger: int) -> None:
        """Be above the key in the step after."""
        pressing = self._aims.pressing
        if press.end < len(pressing) and not pressing[press.end, finger]:
            above = np.array([0.0, 0.0, self._parameters.lift_m])
            place = self._places.touching[press.key] + above
            self._aims.set(press.end, finger, place, _AFTER_M)

    def be_ready(self, before: Press | None, press: Press, finger: int) -> None:
        """Over the key in the steps before; halfway there where only one is left."""
        for steps in range(1, self._parameters.ready_steps + 1):
            row = press.start - steps
            if row < 0 or self._aims.pressing[row, finger]:
                return
            if before is not None and row == before.end:
                if steps == 1:
                    self._aims.set(row, finger, self._between(before, press), _BETWEEN_M)
                return
            above = np.array([0.0, 0.0, self._parameters.ready_m * steps])
            tolerance_m = (_READY_M[0], _READY_M[1] * steps, _READY_M[2] * steps)
            self._aims.set(row, finger, self._places.touching[press.key] + above, tolerance_m)

    def _between(self, before: Press, press: Press) -> Floats:
        left, there = self._places.touching[before.key], self._places.touching[press.key]
        between = (left + there) / 2
        between[2] = max(left[2], there[2]) + self._parameters.ready_m
        return between

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
    """Aims of one hand's tips over ``T`` steps; all arrays may be written to.

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


def idle_aims(steps: int, fingers: int, parameters: PairPlanParameters) -> TipAims:
    """Aims of a hand that has nothing to do: tips high over the middle of the white keys."""
    shape = (steps, fingers)
    place, weight = np.zeros((*shape, 3)), np.zeros((*shape, 3))
    place[..., 0], weight[..., 0] = parameters.idle_x_m, 1.0 / _IDLE_M
    return TipAims(place, weight, np.full(shape, parameters.hover_m), np.zeros(shape, bool))


def playing_aims(
    fingering: Fingers, steps: int, fingers: int, places: KeyPlaces, parameters: PairPlanParameters
) -> TipAims:
    """Aims of a hand that plays: press, rise, be ready over the next key."""
    aims = idle_aims(steps, fingers, parameters)
    for finger in range(fingers):
        presses = sorted((p for p in fingering if fingering[p] == finger), key=lambda p: p.start)
        for press in presses:
            _press(aims, press, finger, places, parameters)
        for before, press in zip([None, *presses], presses, strict=False):
            _ready(aims, before, press, finger, places, parameters)
            _rise(aims, press, finger, places, parameters)
    return aims


def _press(
    aims: TipAims, press: Press, finger: int, places: KeyPlaces, parameters: PairPlanParameters
) -> None:
    steps = slice(press.start, press.end)
    tolerance_m = (parameters.strike_x_tolerance_m, _SIDEWAYS_M, _HEIGHT_M)
    aims.set(steps, finger, places.pressed[press.key], tolerance_m)
    aims.pressing[steps, finger] = True
    if press.end - press.start > 3:  # the end of a long note may give way to the next
        end = parameters.end_weight
        aims.weight[press.end - 2 : press.end, finger, 1] *= [(1.0 + end) / 2.0, end]


def _rise(
    aims: TipAims, press: Press, finger: int, places: KeyPlaces, parameters: PairPlanParameters
) -> None:
    if press.end < len(aims.pressing) and not aims.pressing[press.end, finger]:
        above = places.touching[press.key] + [0.0, 0.0, parameters.lift_m]
        aims.set(press.end, finger, above, _AFTER_M)


def _ready(
    aims: TipAims,
    before: Press | None,
    press: Press,
    finger: int,
    places: KeyPlaces,
    parameters: PairPlanParameters,
) -> None:
    """Over the key in the steps before; halfway there where only one is left."""
    there = places.touching[press.key]
    for steps in range(1, parameters.ready_steps + 1):
        row = press.start - steps
        if row < 0 or aims.pressing[row, finger]:
            return
        if before is not None and row == before.end:
            if steps == 1:
                left = places.touching[before.key]
                between = (left + there) / 2
                between[2] = max(left[2], there[2]) + parameters.ready_m
                aims.set(row, finger, between, _BETWEEN_M)
            return
        tolerance_m = (_READY_M[0], _READY_M[1] * steps, _READY_M[2] * steps)
        aims.set(row, finger, there + [0.0, 0.0, parameters.ready_m * steps], tolerance_m)

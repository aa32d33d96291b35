"""Where fingertips should go next, from where they are: press only what is right below."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.aims import NO_FLOOR, TipAims, idle_aims
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from policies.planner.pair.schedule import NO_KEY, Schedule

Floats = NDArray[np.float64]
Tolerance = tuple[float, float, float]

_PRESS_M: Tolerance = (0.004, 0.002, 0.001)
_OVER_M: Tolerance = (0.004, 0.002, 0.002)
_OUT_M: Tolerance = (0.010, 0.004, 0.001)
_RISE_M: Tolerance = (0.006, 0.004, 0.001)
_READY_M: Tolerance = (0.006, 0.002, 0.0015)
_STAY_M = 0.006
"""How exactly tips get where they should: along keys, sideways, in height."""

_BLACK_REACH_M = 0.009
"""How far off along a black key it may be struck."""

_BLACK_FRONT_M, _KEEP_FRONT_M, _AMONG_BLACK_M = 0.020, 0.020, 0.030
"""``x`` up to which a tip is over black keys, keeps one down, and must clear them on its way."""

_DOWN_M = 0.002
_CLEAR_M, _SUNK_M, _RISEN_M = 0.002, 0.004, 0.004
_OVER_KEY_M = 0.003
_RELEASED_M, _STILL_ON_M = 0.001, 0.012
_FAR_M, _FAR_CLEAR_M, _FAR_BLACK_M = 0.010, 0.006, 0.003
_READY_HEIGHTS_M = (0.002, 0.002, 0.004, 0.008, 0.008)
"""Height over the coming key by steps until it is struck."""


class Strikes:
    """Decides what each finger of both hands does in the coming step.

    Attributes:
        pressing: which fingers press in it, shape ``(fingers,)`` bool, right hand first.
        released: key that each finger may still be down on, or ``NO_KEY``, shape ``(fingers,)``.
    """

    def __init__(
        self, schedule: Schedule, places: KeyPlaces, parameters: PairPlanParameters
    ) -> None:
        self._schedule, self._places = schedule, places
        self._parameters, self._rules = parameters, parameters.rehearsal
        count = schedule.due.shape[1]
        self.released = np.full(count, NO_KEY)
        self.pressing = np.zeros(count, bool)

    def __call__(self, step: int, tips: Floats) -> tuple[TipAims, TipAims]:
        """Aims of the right and the left hand for a step, from tips of shape ``(fingers, 3)``."""
        half = len(tips) // 2
        aims = idle_aims(1, len(tips), self._parameters.idle_x_m, self._parameters.hover_m)
        aims.weight[..., 0] = 1.0 / self._rules.idle_m
        self.pressing[:] = False
        for finger, tip in enumerate(tips):
            due, coming = self._schedule.due[step, finger], self._schedule.coming[step, finger]
            if due != NO_KEY:
                self._play(aims, step, finger, tip)
            elif coming != NO_KEY or self.released[finger] != NO_KEY:
                self._wait(aims, step, finger, tip)
            elif tip[2] < self._places.white_m + _RISEN_M:
                aims.place[0, finger, 1], aims.weight[0, finger, 1] = tip[1], 1.0 / _STAY_M
        return _part(aims, slice(0, half)), _part(aims, slice(half, len(tips)))

    def _play(self, aims: TipAims, step: int, finger: int, tip: Floats) -> None:
        """Press a due key, or get over it first: up, then sideways."""
        key = int(self._schedule.due[step, finger])
        there, rules = self._places.touching[key], self._rules
        self.released[finger] = key
        if self._over(key, tip) or self._on(key, tip):
            aim = self._places.pressed[key].copy()
            strikes = self._schedule.strikes[step, finger]
            aim[2] -= rules.press_deeper_m + rules.strike_deeper_m * strikes
            aims.set(0, finger, aim, _PRESS_M)
            self.pressing[finger] = True
            return
        black = bool(self._places.black[key])
        among = black or tip[0] < _AMONG_BLACK_M
        clear = (self._places.black_m if among else self._places.white_m) + _CLEAR_M
        if tip[2] < clear - _SUNK_M:
            x = max(tip[0], there[0]) if black else tip[0]
            aims.set(0, finger, np.array([x, tip[1], clear + _RISEN_M]), _OUT_M)
        else:
            aims.set(0, finger, there + np.array([0.0, 0.0, _OVER_KEY_M]), _OVER_M)

    def _over(self, key: int, tip: Floats) -> bool:
        """Whether a tip that goes down now strikes this key and no other."""
        x, y, _ = self._places.touching[key]
        if abs(tip[1] - y) >= self._rules.strike_sideways_m:
            return False
        if self._places.black[key]:
            return bool(abs(tip[0] - x) < _BLACK_REACH_M)
        return bool(tip[0] > self._rules.strike_ahead_m)

    def _on(self, key: int, tip: Floats) -> bool:
        """Whether a tip has this key down already."""
        _, y, z = self._places.touching[key]
        near = abs(tip[1] - y) < self._rules.keep_sideways_m
        ahead = not self._places.black[key] or tip[0] < _KEEP_FRONT_M
        return bool(tip[2] < z - _DOWN_M and near and ahead)

    def _wait(self, aims: TipAims, step: int, finger: int, tip: Floats) -> None:
        """Rise from the key before, then wait over the coming one."""
        key, gone = int(self._schedule.coming[step, finger]), int(self.released[finger])
        self.released[finger] = NO_KEY
        if gone != NO_KEY and self._down_on(gone, tip):
            if gone == key:
                self.released[finger] = gone
            top = self._places.touching[gone, 2] + self._rules.lift_m
            aims.set(0, finger, np.array([tip[0], tip[1], top]), _RISE_M)
        elif key != NO_KEY:
            self._be_ready(aims, key, int(self._schedule.until[step, finger]), finger, tip)
        else:
            aims.weight[0, finger], aims.floor[0, finger] = 0.0, NO_FLOOR

    def _down_on(self, key: int, tip: Floats) -> bool:
        _, y, z = self._places.touching[key]
        return bool(tip[2] < z + _RELEASED_M and abs(tip[1] - y) < _STILL_ON_M)

    def _be_ready(self, aims: TipAims, key: int, until: int, finger: int, tip: Floats) -> None:
        """Over the coming key, higher than all others while it is still far."""
        there, black = self._places.touching[key].copy(), self._places.black[key]
        off_m = abs(tip[1] - there[1])
        there[2] += _READY_HEIGHTS_M[until]
        if off_m > _FAR_M or (black and tip[0] > _BLACK_FRONT_M):
            over_black = black or tip[0] < _AMONG_BLACK_M
            clear = self._places.black_m + _FAR_BLACK_M if over_black else 0.0
            there[2] = max(there[2], self._places.white_m + _FAR_CLEAR_M, clear)
        x, y, z = _READY_M
        patience = max(until, 1)
        aims.set(0, finger, there, (x, y * patience, z * patience))


def _part(aims: TipAims, fingers: slice) -> TipAims:
    return TipAims(
        aims.place[:, fingers],
        aims.weight[:, fingers],
        aims.floor[:, fingers],
        aims.pressing[:, fingers],
    )

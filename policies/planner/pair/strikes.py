"""Where fingertips should go next, from where they are: press only what is right below."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.aims import NO_FLOOR, TipAims, idle_aims
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from policies.planner.pair.schedule import NO_KEY, Schedule

Floats = NDArray[np.float64]
Keys = NDArray[np.int_]
Tolerance = tuple[float, float, float]
At = tuple[int, int]
"""Environment and finger."""

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
    """Decides what each finger of both hands does in the coming step, in ``B`` environments.

    A key that a finger may still be down on after a press is *released*, ``NO_KEY`` where there is
    none; shape ``(B, fingers)``, right hand first.
    """

    def __init__(
        self, schedule: Schedule, places: KeyPlaces, parameters: PairPlanParameters
    ) -> None:
        self._schedule, self._places = schedule, places
        self._parameters, self._rules = parameters, parameters.rehearsal

    def __call__(self, step: int, tips: Floats, released: Keys) -> tuple[TipAims, Keys]:
        """Aims of all tips for a step, a row for each environment, and what is released then.

        Args:
            step: the coming control step.
            tips: where they are, shape ``(B, fingers, 3)`` [m].
            released: before the step.
        """
        idle_x_m, hover_m = self._parameters.idle_x_m, self._parameters.hover_m
        aims = idle_aims(tips.shape[0], tips.shape[1], idle_x_m, hover_m)
        aims.weight[..., 0] = 1.0 / self._rules.idle_m
        after = released.copy()
        for at in np.ndindex(released.shape):
            tip, gone, finger = tips[at], int(released[at]), at[1]
            due, coming = self._schedule.due[step, finger], self._schedule.coming[step, finger]
            if due != NO_KEY:
                self._play(aims, at, step, tip)
                after[at] = due
            elif coming != NO_KEY or gone != NO_KEY:
                after[at] = self._wait(aims, at, step, gone, tip)
            elif tip[2] < self._places.white_m + _RISEN_M:
                aims.place[at][1], aims.weight[at][1] = tip[1], 1.0 / _STAY_M
        return aims, after

    def _play(self, aims: TipAims, at: At, step: int, tip: Floats) -> None:
        """Press a due key, or get over it first: up, then sideways."""
        key = int(self._schedule.due[step, at[1]])
        there, rules = self._places.touching[key], self._rules
        if self._over(key, tip) or self._on(key, tip):
            aim = self._places.pressed[key].copy()
            strikes = self._schedule.strikes[step, at[1]]
            aim[2] -= rules.press_deeper_m + rules.strike_deeper_m * strikes
            aims.set(*at, aim, _PRESS_M)
            aims.pressing[at] = True
            return
        black = bool(self._places.black[key])
        among = black or tip[0] < _AMONG_BLACK_M
        clear = (self._places.black_m if among else self._places.white_m) + _CLEAR_M
        if tip[2] < clear - _SUNK_M:
            x = max(tip[0], there[0]) if black else tip[0]
            aims.set(*at, np.array([x, tip[1], clear + _RISEN_M]), _OUT_M)
        else:
            aims.set(*at, there + np.array([0.0, 0.0, _OVER_KEY_M]), _OVER_M)

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

    def _wait(self, aims: TipAims, at: At, step: int, gone: int, tip: Floats) -> int:
        """Rise from the key before, then wait over the coming one; what stays released."""
        key = int(self._schedule.coming[step, at[1]])
        if gone != NO_KEY and self._down_on(gone, tip):
            top = self._places.touching[gone, 2] + self._rules.lift_m
            aims.set(*at, np.array([tip[0], tip[1], top]), _RISE_M)
            return gone if gone == key else NO_KEY
        if key != NO_KEY:
            self._be_ready(aims, at, key, int(self._schedule.until[step, at[1]]), tip)
        else:
            aims.weight[at], aims.floor[at] = 0.0, NO_FLOOR
        return NO_KEY

    def _down_on(self, key: int, tip: Floats) -> bool:
        _, y, z = self._places.touching[key]
        return bool(tip[2] < z + _RELEASED_M and abs(tip[1] - y) < _STILL_ON_M)

    def _be_ready(self, aims: TipAims, at: At, key: int, until: int, tip: Floats) -> None:
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
        aims.set(*at, there, (x, y * patience, z * patience))

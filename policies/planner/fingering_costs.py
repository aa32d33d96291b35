"""What a choice of fingers and rail positions costs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from policies.errors import UnreachableError
from policies.planner.aside import REST_STEPS, lack_of_room, room_aside
from policies.planner.parameters import PlanParameters
from policies.planner.reach import Reach, key_points
from score import CONTROL_STEP_S, Goals, Press
from sim import Rig

Array = NDArray[np.float64]
Matching = dict[Press, int]
"""The finger of each note that sounds."""

_WHITE_PITCH_M = 0.0235
_FORBIDDEN = 1e3
_CROWDED_COST = 20.0
_ASIDE_COST = 1.0


@dataclass(frozen=True)
class Chord:
    """The presses sounding when some of them start, and how fingers may share them out."""

    row: int
    presses: tuple[Press, ...]
    matchings: tuple[Matching, ...]


class FingeringCosts:
    """Costs of a fingering over all rail positions of the grid, shape ``(S,)`` each."""

    def __init__(
        self, goals: Goals, rig: Rig, reach: Reach, parameters: PlanParameters, grid: Array
    ) -> None:
        self.goals, self.reach, self.grid, self.parameters = goals, reach, grid, parameters
        self.black, self.key_y = rig.keyboard.black, rig.keyboard.center_y
        self.points = key_points(rig, parameters)[:, :2]
        self.speed = 0.8 * rig.rail.no_load_speed_m_per_s
        self.distance = np.abs(grid[:, None] - grid[None, :])
        self.aside = 2 * room_aside(rig)

    def posture(self, chord: Chord, matching: Matching) -> Array:
        """Cost of holding a chord with these fingers."""
        parameters = self.parameters
        pairs = pairwise(sorted(matching.items(), key=lambda item: item[1]))
        crowded = sum(
            lack_of_room(self.points[high.key] - self.points[low.key], above - below, parameters)
            > 0.0
            for (low, below), (high, above) in pairs
        )
        return self.stretch(chord, matching) + _CROWDED_COST * crowded

    def stretch(self, chord: Chord, matching: Matching, soft_m: float = 0.015) -> Array:
        """How far fingers lean, forbidden beyond their reach."""
        total = np.zeros(len(self.grid))
        for press, finger in matching.items():
            offset = self.key_y[press.key] - self.grid
            black = int(self.black[press.key])
            low, high = self.reach.low[finger, black], self.reach.high[finger, black]
            lean = offset - self.reach.neutral_y[finger]
            total += self.parameters.lean_cost * (lean / soft_m) ** 2
            total += 200 * np.maximum(0, np.maximum(low + 0.006 - offset, offset - high + 0.006))
            total += np.where((offset >= low) & (offset <= high), 0.0, _FORBIDDEN)
        return total

    def move_rail(
        self, before: Chord, after: Chord, value: Array
    ) -> tuple[Array, NDArray[np.intp]]:
        """Cheapest way to every rail position for each old matching: costs and origins."""
        time = (after.row - before.row) * CONTROL_STEP_S
        speed = self.distance / time
        travel = 0.15 * (self.distance / 0.04) ** 2 * (0.5 / time)
        travel += np.where(speed > self.speed, 50 * speed / self.speed, 0.0)
        total = value[:, :, None] + travel[None]
        return total.min(axis=1), total.argmin(axis=1)

    def change(self, before: Chord, old: Matching, after: Chord, new: Matching) -> Array | float:
        """Cost of going from one matching to the next."""
        cost: Array | float = 0.0
        for press, finger in old.items():
            if press in new:
                cost += 0.0 if new[press] == finger else _FORBIDDEN
                continue
            if press.end >= after.row - 1:  # still down while the hand moves on
                cost = cost + 0.3 * self.stretch(before, {press: finger}, 0.03)
            for other, other_finger in new.items():
                if other.start == after.row:
                    cost = cost + self._succeed(press, finger, other, other_finger)
        return cost

    def _succeed(self, press: Press, finger: int, other: Press, other_finger: int) -> float:
        """Cost of ``other_finger`` starting a note after ``finger`` ended one."""
        same_key = other.key == press.key
        rest = other.start - press.end
        apart = self.points[other.key] - self.points[press.key]
        if finger == other_finger:
            keys_wide = max(float(np.hypot(*apart)) / _WHITE_PITCH_M, 1.0)
            cost = self.parameters.same_finger_cost * keys_wide / (1 + max(rest, 0))
            return 0.0 if same_key else cost
        if same_key:  # the second finger would have to push the first off the key
            away = rest >= REST_STEPS
            return self.parameters.substitution_cost / (rest - 1) if away else _CROWDED_COST
        crossed = apart[1] * (other_finger - finger) < 0
        lack = lack_of_room(apart, abs(other_finger - finger), self.parameters)
        if rest >= REST_STEPS or (lack <= 0.0 and not crossed):
            return 0.0
        return _CROWDED_COST if crossed or lack > self.aside else _ASIDE_COST

    def check(self, chords: list[Chord], matchings: list[Matching], positions: list[int]) -> None:
        """Raise when even the cheapest fingering holds something forbidden."""
        beyond = [
            press
            for chord, matching, position in zip(chords, matchings, positions, strict=True)
            if self.stretch(chord, matching)[position] >= _FORBIDDEN
            for press in chord.presses
        ]
        swapped = [
            press
            for old, new in pairwise(matchings)
            if any(new.get(press, finger) != finger for press, finger in old.items())
            for press in new
        ]
        if not beyond and not swapped:
            return
        alone = [press for chord in chords for press in chord.presses if self._lost(chord, press)]
        places = dict.fromkeys(when(self.goals, press) for press in alone or beyond + swapped)
        kind = "no finger reaches" if alone else "no posture reaches together"
        raise UnreachableError(
            f"{self.goals.name}: {kind} the notes at {', '.join(list(places)[:5])}; "
            "transpose or simplify the song"
        )

    def _lost(self, chord: Chord, press: Press) -> bool:
        """Whether no finger reaches a key from anywhere on the rail."""
        fingers = range(len(self.reach.neutral_y))
        return all(self.stretch(chord, {press: f}).min() >= _FORBIDDEN for f in fingers)


def when(goals: Goals, press: Press) -> str:
    """Where in a song a note is, for people."""
    return f"{(press.start + 1) * CONTROL_STEP_S:.2f} s (pitch {goals.lowest_pitch + press.key})"

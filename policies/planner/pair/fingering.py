"""Which finger plays which note of a hand, and where its forearm is: dynamic programming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.changes import FingerChange, Fingers
from policies.planner.pair.grips import Grip, GripBook
from policies.planner.pair.kinematics import HandKinematics
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from policies.planner.pair.presses import Chord, held_through, sounding
from score import CONTROL_STEP_S, Press

Floats = NDArray[np.float64]

_MOVE_M, _MOVE_S = 0.04, 0.25
_TOO_FAST, _TOO_FAST_M_PER_S = 30.0, 0.1
"""Cost for each so much of speed that a forearm would need too much."""

_WORST_HOLD = 60.0
"""Cost from which on a chord that is still held counts as lost."""


@dataclass(frozen=True)
class Fingering:
    """How a hand takes its notes.

    Attributes:
        fingers: finger of each press; some end early, where no finger can hold them on.
        rows: when its chords begin, increasing.
        forearm_y: where the forearm is then, shape ``(rows,)`` [m].
    """

    fingers: Fingers
    rows: tuple[int, ...]
    forearm_y: Floats


@dataclass(frozen=True)
class _Row:
    """Ways to take a chord: grips times places of the forearm, costs and places by way."""

    start: int
    chord: Chord
    grips: list[Grip]
    cost: Floats
    y: Floats

    def fingers(self, way: int) -> dict[Press, int]:
        return dict(zip(self.chord, self.grips[way], strict=True))


class HandFingering:
    """Chooses fingers and forearm places of one hand together, for all of its notes."""

    def __init__(
        self,
        hand: HandKinematics,
        book: GripBook,
        places: KeyPlaces,
        parameters: PairPlanParameters,
    ) -> None:
        self._book, self._parameters = book, parameters
        self._change = FingerChange(hand, places, parameters.fingers)

    def __call__(self, presses: Sequence[Press]) -> Fingering:
        """Choose for presses of which the hand has never more at once than fingers."""
        starts = sorted({press.start for press in presses})
        chords = [sounding(presses, start) for start in starts]
        self._book.learn_places(chords)
        rows = [self._row(start, chord) for start, chord in zip(starts, chords, strict=True)]
        best = self._best(rows)
        y = np.array([row.y[way] for row, way in zip(rows, best, strict=True)])
        taken = [row.fingers(way[0]) for row, way in zip(rows, best, strict=True)]
        return Fingering(held_through(starts, taken), tuple(starts), y)

    def _row(self, start: int, chord: Chord) -> _Row:
        grips = self._book.grips(chord)
        cost, y = zip(*(self._book.placed(chord, grip) for grip in grips), strict=True)
        return _Row(start, chord, grips, np.array(cost), np.array(y))

    def _best(self, rows: Sequence[_Row]) -> list[tuple[int, int]]:
        """The cheapest sequence of grip and place (Viterbi)."""
        if not rows:
            return []
        value, back = rows[0].cost, []
        for before, row in pairwise(rows):
            ways = [self._into(value, before, row, way) for way in range(len(row.grips))]
            value = np.array([cost for cost, _ in ways]) + row.cost
            back.append(np.array([pointers for _, pointers in ways]))
        shape = value.shape
        best = [np.unravel_index(int(value.argmin()), shape)]
        for before, pointers in zip(rows[-2::-1], reversed(back), strict=True):
            best.append(np.unravel_index(int(pointers[best[-1]]), before.cost.shape))
        return [(int(grip), int(place)) for grip, place in reversed(best)]

    def _into(
        self, value: Floats, before: _Row, row: _Row, way: int
    ) -> tuple[Floats, NDArray[np.intp]]:
        """Least cost up to a grip at each of its places, and from where (a flat index)."""
        after, y = row.fingers(way), row.y[way]
        let_go = any(p.end >= row.start - 1 and p not in row.chord for p in before.chord)
        total = value[:, :, None] + self._move(before.y[:, :, None], y, row.start - before.start)
        for index, grip in enumerate(before.grips):
            total[index] += self._change(before.fingers(index), after, row.start)
            if let_go:  # legato: the chord before has to be played on from the new place
                held = np.minimum(self._book.cost_at(before.chord, grip, y), _WORST_HOLD)
                total[index] += self._parameters.hold * held
        flat = total.reshape(-1, len(y))
        pointers = flat.argmin(axis=0)
        return flat[pointers, np.arange(len(y))], pointers

    def _move(self, y: Floats, to: Floats, steps: int) -> Floats:
        way_m, time_s = np.abs(to - y), steps * CONTROL_STEP_S
        too_fast = np.maximum(way_m / time_s - self._parameters.forearm_m_per_s, 0.0)
        smooth = self._parameters.move * (way_m / _MOVE_M) ** 2 * (_MOVE_S / time_s)
        return smooth + _TOO_FAST * too_fast / _TOO_FAST_M_PER_S

"""Which hand plays which note: dynamic programming over the chords of a song."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from policies.errors import UnreachableError
from policies.planner.pair.changes import CUT, FingerChange, forearm_change
from policies.planner.pair.grips import GripBook
from policies.planner.pair.kinematics import HandKinematics
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from policies.planner.pair.presses import Chord, Presses, held_through, sounding, thin
from score import Goals, Press
from sim.pair.rig import SIDES

Floats = NDArray[np.float64]

_BALANCE = 0.3
"""Cost per squared number of notes that a hand has at once."""

_NEAR_M, _NEAR_STEPS = 0.04, 5
_NO_ROOM = 4000.0
"""Cost per metre of a forearm so far out that the other one does not fit beside it."""

_REACHED_M = 0.01


@dataclass(frozen=True)
class Share:
    """The notes of a song, shared.

    Attributes:
        hands: presses by side, sorted; some end early, where neither hand could hold them on.
        left_out: presses that nobody plays, because too many or too distant ones sound at once.
    """

    hands: Mapping[str, Presses]
    left_out: Presses


@dataclass(frozen=True)
class _Way:
    """One way of a hand to take its part of a chord; ``y`` is where the forearm is in it [m]."""

    fingers: dict[Press, int]
    cost: float
    y: float | None


@dataclass(frozen=True)
class _Row:
    """What both hands may do when a chord begins: pairs of a way of either hand, and costs."""

    start: int
    ways: Mapping[str, list[_Way]]
    pairs: NDArray[np.int_]
    cost: Floats


class Sharing:
    """Shares the notes of a song between the hands: the lower ones to the left, at every moment."""

    def __init__(
        self,
        hands: Mapping[str, HandKinematics],
        books: Mapping[str, GripBook],
        places: KeyPlaces,
        parameters: PairPlanParameters,
    ) -> None:
        self._books, self._jump = books, parameters.share_jump
        self._most = {side: len(hand.fingers) for side, hand in hands.items()}
        self._changes = {
            side: FingerChange(hand, places, parameters.share_fingers)
            for side, hand in hands.items()
        }
        self._gap_m, self._near = parameters.forearm_gap_m, parameters.share_near
        ends = np.abs([places.touching[0, 1], places.touching[-1, 1]]).min()
        self._room_m = float(ends) - parameters.forearm_gap_m

    def __call__(self, goals: Goals) -> Share:
        """Share the notes of a song.

        Raises:
            UnreachableError: there is no note that either hand reaches.
        """
        presses, left_out = thin(goals.presses, min(self._most.values()))
        starts = sorted({press.start for press in presses})
        chords = [sounding(presses, start) for start in starts]
        for side, book in self._books.items():
            book.learn(part[side] for chord in chords for part in self._splits(chord))
        self._check_reach(goals, presses)
        rows = [self._row(start, chord) for start, chord in zip(starts, chords, strict=True)]
        holders = [
            {p: side for i, side in enumerate(SIDES) for p in row.ways[side][pair[i]].fingers}
            for row, pair in zip(rows, self._best(rows), strict=True)
        ]
        hand_of = held_through(starts, holders)
        hands = {side: tuple(p for p in hand_of if hand_of[p] == side) for side in SIDES}
        return Share(hands, left_out)

    def _splits(self, chord: Chord) -> list[dict[str, Chord]]:
        """All ways to cut a chord in two, from all of it for the right hand on."""
        return [
            {"right": chord[cut:], "left": chord[:cut]}
            for cut in range(len(chord) + 1)
            if cut <= self._most["left"] and len(chord) - cut <= self._most["right"]
        ]

    def _check_reach(self, goals: Goals, presses: Presses) -> None:
        singles = {press.key: (press,) for press in presses}.values()
        for book in self._books.values():
            book.learn(singles)
            if any(
                book.miss_m(one, grip) < _REACHED_M for one in singles for grip in book.grips(one)
            ):
                return
        if presses:
            raise UnreachableError(
                f"{goals.name}: neither hand reaches any of its notes; "
                "check where the rig file puts the forearms"
            )

    def _row(self, start: int, chord: Chord) -> _Row:
        ways: dict[str, list[_Way]] = {side: [] for side in SIDES}
        pairs: list[tuple[int, int]] = []
        cost: list[float] = []
        for split in self._splits(chord):
            first = [len(ways[side]) for side in SIDES]
            for side in SIDES:
                ways[side] += self._ways(side, split[side])
            rights, lefts = (ways[side][count:] for side, count in zip(SIDES, first, strict=True))
            balance = _BALANCE * sum(len(part) ** 2 for part in split.values())
            for (i, right), (j, left) in product(enumerate(rights), enumerate(lefts)):
                pairs.append((first[0] + i, first[1] + j))
                cost.append(right.cost + left.cost + balance)
        return _Row(start, ways, np.array(pairs), np.array(cost))

    def _ways(self, side: str, part: Chord) -> list[_Way]:
        """Ways of a hand to take its part of a chord; one if that is empty."""
        if not part:
            return [_Way({}, 0.0, None)]
        ways = []
        for grip in self._books[side].grips(part):
            cost, y = self._books[side].free(part, grip)
            over = -y if side == "right" else y
            cost += _NO_ROOM * max(0.0, over - self._room_m)
            ways.append(_Way(dict(zip(part, grip, strict=True)), cost, y))
        return ways

    def _best(self, rows: Sequence[_Row]) -> list[NDArray[np.int_]]:
        """The cheapest sequence of pairs of ways (Viterbi)."""
        if not rows:
            return []
        value, back = rows[0].cost, []
        for before, row in pairwise(rows):
            total = value[:, None] + self._held_by_the_other(before, row)
            total += self._making_way(before, row)
            for i, side in enumerate(SIDES):
                change = self._change(side, before, row)
                total += change[before.pairs[:, i]][:, row.pairs[:, i]]
            back.append(total.argmin(axis=0))
            value = total.min(axis=0) + row.cost
        best = [int(value.argmin())]
        for pointers in reversed(back):
            best.append(int(pointers[best[-1]]))
        return [row.pairs[pair] for row, pair in zip(rows, best[::-1], strict=True)]

    def _change(self, side: str, before: _Row, row: _Row) -> Floats:
        """Cost of going from each way of a hand to each of its next ones."""
        change, steps = self._changes[side], row.start - before.start
        costs = np.empty((len(before.ways[side]), len(row.ways[side])))
        for (i, old), (j, new) in product(enumerate(before.ways[side]), enumerate(row.ways[side])):
            costs[i, j] = change(old.fingers, new.fingers, row.start)
            if old.y is not None and new.y is not None:
                held = any(p.end >= row.start - 1 and p not in new.fingers for p in old.fingers)
                costs[i, j] += forearm_change(new.y - old.y, steps, held, self._jump)
        return costs

    def _lack_m(self, right: _Way, left: _Way) -> float:
        """How much too near each other the forearms are [m]."""
        if right.y is None or left.y is None:
            return 0.0
        return max(0.0, self._gap_m - (right.y - left.y))

    def _making_way(self, before: _Row, row: _Row) -> Floats:
        """Cost of a hand in the other one's way: it has to be gone when that begins to play."""
        steps, total = row.start - before.start, np.zeros((len(before.pairs), len(row.pairs)))
        for i, side in enumerate(SIDES):
            other = SIDES[1 - i]
            costs = np.zeros((len(before.ways[side]), len(row.ways[other])))
            for (a, old), (b, new) in product(
                enumerate(before.ways[side]), enumerate(row.ways[other])
            ):
                lack_m = self._lack_m(old, new) if side == "right" else self._lack_m(new, old)
                if lack_m > 0.0:
                    costs[a, b] = self._near * (lack_m / _NEAR_M) ** 2 * _NEAR_STEPS / steps
            total += costs[before.pairs[:, i]][:, row.pairs[:, 1 - i]]
        return total

    def _held_by_the_other(self, before: _Row, row: _Row) -> Floats:
        """A note that is held stays in its hand."""
        total = np.zeros((len(before.pairs), len(row.pairs)))
        for i, side in enumerate(SIDES):
            old = [way.fingers.keys() for way in before.ways[side]]
            new = [way.fingers.keys() for way in row.ways[SIDES[1 - i]]]
            handed = np.array([[len(a & b) for b in new] for a in old])
            total += CUT * handed[before.pairs[:, i]][:, row.pairs[:, 1 - i]]
        return total

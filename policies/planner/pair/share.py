"""Which hand plays which note: dynamic programming over the chords of a song."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.errors import UnreachableError
from policies.planner.pair.changes import CUT, FingerChange
from policies.planner.pair.grips import Chord, GripBook, sounding
from policies.planner.pair.kinematics import HandKinematics
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from score import CONTROL_STEP_S, Goals, Press
from sim.pair.rig import SIDES

Floats = NDArray[np.float64]
Presses = tuple[Press, ...]

_MOVE_COST, _MOVE_M, _MOVE_S = 2.0, 0.06, 0.15
_JUMP_FREE_M, _JUMP_M = 0.015, 0.02
_JUMP_RESTED = 0.3
"""Share of the cost of a jump when nothing is held until then."""

_BALANCE = 0.3
"""Cost per squared number of notes that a hand has at once."""

_NO_ROOM = 4000.0
"""Cost per metre of a forearm so far out that the other one does not fit beside it."""

_REACHED_M = 0.01


@dataclass(frozen=True)
class Share:
    """The notes of a song, shared.

    Attributes:
        hands: presses by side, sorted; some end early, where neither hand could hold them on.
        left_out: presses that nobody plays, because too many sound at once.
    """

    hands: Mapping[str, Presses]
    left_out: Presses


@dataclass(frozen=True)
class _Side:
    """What one hand may do at one row: each way is its fingers, a cost and the forearm's place."""

    fingers: list[dict[Press, int]]
    cost: Floats
    y: list[float | None]


@dataclass(frozen=True)
class _Row:
    """What both hands may do when a chord begins; ``ways`` are pairs of ways of either side."""

    start: int
    sides: Mapping[str, _Side]
    ways: NDArray[np.int_]
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
        ends = np.abs([places.touching[0, 1], places.touching[-1, 1]]).min()
        self._room_m = float(ends) - parameters.forearm_gap_m

    def __call__(self, goals: Goals) -> Share:
        """Share the notes of a song.

        Raises:
            UnreachableError: there is no note that either hand reaches.
        """
        presses, left_out = thin(goals.presses, sum(self._most.values()))
        starts = sorted({press.start for press in presses})
        chords = [sounding(presses, start) for start in starts]
        for side, book in self._books.items():
            book.learn(part[side] for chord in chords for part in self._splits(chord))
        self._check_reach(goals, presses)
        rows = [self._row(start, chord) for start, chord in zip(starts, chords, strict=True)]
        taken = [
            {side: row.sides[side].fingers[row.ways[way, i]] for i, side in enumerate(SIDES)}
            for row, way in zip(rows, self._best(rows), strict=True)
        ]
        return Share(_hands_of(starts, taken), left_out)

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
        ways: list[tuple[int, int]] = []
        taken: dict[str, list[dict[Press, int]]] = {side: [] for side in SIDES}
        notes: list[int] = []
        for split in self._splits(chord):
            first = {side: len(taken[side]) for side in SIDES}
            for side in SIDES:
                grips = self._books[side].grips(split[side])
                taken[side] += [dict(zip(split[side], grip, strict=True)) for grip in grips]
            here = [range(first[side], len(taken[side])) for side in SIDES]
            ways += [(a, b) for a in here[0] for b in here[1]]
            notes += [sum(len(part) ** 2 for part in split.values())] * (
                len(here[0]) * len(here[1])
            )
        sides = {side: self._side(side, taken[side]) for side in SIDES}
        pairs = np.array(ways)
        cost = sum(sides[side].cost[pairs[:, i]] for i, side in enumerate(SIDES))
        return _Row(start, sides, pairs, cost + _BALANCE * np.array(notes))

    def _side(self, side: str, taken: list[dict[Press, int]]) -> _Side:
        costs, places = [], []
        for fingers in taken:
            if not fingers:
                costs.append(0.0)
                places.append(None)
                continue
            cost, y = self._books[side].free(tuple(fingers), tuple(fingers.values()))
            inwards = -y if side == "right" else y
            costs.append(cost + _NO_ROOM * max(0.0, inwards - self._room_m))
            places.append(y)
        return _Side(taken, np.array(costs), places)

    def _best(self, rows: Sequence[_Row]) -> list[int]:
        """The cheapest sequence of ways (Viterbi)."""
        if not rows:
            return []
        value, back = rows[0].cost, []
        for before, row in zip(rows, rows[1:], strict=False):
            total = value[:, None] + self._held_by_the_other(before, row)
            for i, side in enumerate(SIDES):
                change = self._change(side, before, row)
                total += change[before.ways[:, i]][:, row.ways[:, i]]
            back.append(total.argmin(axis=0))
            value = total.min(axis=0) + row.cost
        best = [int(value.argmin())]
        for pointers in reversed(back):
            best.append(int(pointers[best[-1]]))
        return best[::-1]

    def _change(self, side: str, before: _Row, row: _Row) -> Floats:
        """Cost of going from each way of a hand to each of its next ones."""
        old, new = before.sides[side], row.sides[side]
        change = self._changes[side]
        return np.array(
            [
                [
                    change(a, b, row.start) + self._way(a, b, y, to, row.start, before.start)
                    for b, to in zip(new.fingers, new.y, strict=True)
                ]
                for a, y in zip(old.fingers, old.y, strict=True)
            ]
        )

    def _way(
        self,
        before: Mapping[Press, int],
        after: Mapping[Press, int],
        y: float | None,
        to: float | None,
        row: int,
        since: int,
    ) -> float:
        """Cost of moving the forearm; chords leave it some room to be elsewhere."""
        if y is None or to is None:
            return 0.0
        way_m, time_s = abs(to - y), (row - since) * CONTROL_STEP_S
        held = any(press.end >= row - 1 and press not in after for press in before)
        jump = (max(0.0, way_m - _JUMP_FREE_M) / _JUMP_M) ** 2 * (1.0 if held else _JUMP_RESTED)
        return _MOVE_COST * (way_m / _MOVE_M) ** 2 * _MOVE_S / time_s + self._jump * jump

    def _held_by_the_other(self, before: _Row, row: _Row) -> Floats:
        """A note that is held stays in its hand."""
        total = np.zeros((len(before.ways), len(row.ways)))
        for i, side in enumerate(SIDES):
            other = SIDES[1 - i]
            old = [frozenset(fingers) for fingers in before.sides[side].fingers]
            new = [frozenset(fingers) for fingers in row.sides[other].fingers]
            handed = np.array([[len(a & b) for b in new] for a in old])
            total += CUT * handed[before.ways[:, i]][:, row.ways[:, 1 - i]]
        return total


def thin(presses: Sequence[Press], most: int) -> tuple[Presses, Presses]:
    """Keep at most so many presses at once; of a chord that is too large inner notes go.

    Returns:
        What is kept and what is left out.
    """
    kept: list[Press] = []
    left_out: list[Press] = []
    for start in sorted({press.start for press in presses}):
        held = [press for press in kept if press.end > start]
        new = [press for press in presses if press.start == start]
        chord = sorted([*held, *new], key=lambda press: press.key)
        inner = sorted(new, key=lambda press: abs(chord.index(press) - (len(chord) - 1) / 2))
        surplus = set(inner[: max(len(chord) - most, 0)])
        kept += [press for press in new if press not in surplus]
        left_out += [press for press in new if press in surplus]
    return tuple(kept), tuple(left_out)


def _hands_of(
    starts: Sequence[int], taken: Sequence[Mapping[str, Mapping[Press, int]]]
) -> dict[str, Presses]:
    """Presses by the hand that strikes them; one that the other hand goes on with ends there."""
    hand: dict[Press, str] = {}
    end: dict[Press, int] = {}
    for start, sides in zip(starts, taken, strict=True):
        for side, fingers in sides.items():
            for press in fingers:
                if hand.setdefault(press, side) != side:
                    end.setdefault(press, start)
    cut = {press: replace(press, end=end.get(press, press.end)) for press in hand}
    return {side: tuple(cut[press] for press in hand if hand[press] == side) for side in SIDES}

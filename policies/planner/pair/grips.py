"""What every way to take the chords of a song with one hand costs, and where the hand is then."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.chords import IDLE, ChordSolver, Grips, Shape, shape_of
from policies.planner.pair.kinematics import HandKinematics
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from policies.planner.pair.presses import Chord

Floats = NDArray[np.float64]
Grip = tuple[int, ...]

_ITERATIONS, _PLACED_ITERATIONS = 30, 25
_HOPELESS = 80.0
"""Cost from which on no other place of the forearm is tried."""

_BEYOND = 4000.0
"""Cost per metre of a forearm beyond the places tried, or beyond the ends of its slide."""


class GripBook:
    """Costs of grips of one hand: which finger takes which key of a chord.

    Fingers take keys in their order, so none crosses another. Chords an octave apart have the same
    posture; each is solved once.
    """

    def __init__(
        self, hand: HandKinematics, places: KeyPlaces, parameters: PairPlanParameters
    ) -> None:
        self._hand, self._octave_m, self._black = hand, places.octave_m, places.black
        self._solver, self._parameters = ChordSolver(hand, places, parameters), parameters
        self._free: dict[tuple[Shape, Grip], tuple[float, float, float]] = {}
        self._placed: dict[tuple[Shape, Grip], tuple[Floats, Floats]] = {}
        self._ends = np.sort(
            hand.home_y + hand.across_y * np.array([hand.low, hand.high])[:, hand.across]
        )
        half = parameters.place_half_count
        self._offsets = np.arange(-half, half + 1) * parameters.place_grid_m

    def grips(self, chord: Chord) -> list[Grip]:
        """All ways to take a chord; none if it has more notes than the hand has fingers."""
        return list(combinations(self._hand.upwards, len(chord)))

    def learn(self, chords: Iterable[Chord]) -> None:
        """Solve the chords' grips with the forearm wherever it likes to be."""
        new = [item for item in self._items(chords) if item not in self._free]
        if not new:
            return
        grips = self._solver.solve(self._keys(new), _ITERATIONS)
        y = self._hand.home_y + self._hand.across_y * grips.joints[:, self._hand.across]
        cost = grips.cost(self._parameters.share_chord)
        self._free |= dict(
            zip(
                new, zip(cost.tolist(), y.tolist(), grips.miss_m.tolist(), strict=True), strict=True
            )
        )

    def free(self, chord: Chord, grip: Grip) -> tuple[float, float]:
        """Cost of a learnt grip, and where the forearm is in it [m]."""
        shape, octaves = _shape(chord)
        cost, y, _ = self._free[shape, grip]
        y += octaves * self._octave_m
        return cost + _BEYOND * self._outside(y), y

    def miss_m(self, chord: Chord, grip: Grip) -> float:
        """How far off its key the worst tip of a learnt grip is [m]."""
        return self._free[_shape(chord)[0], grip][2]

    def _outside(self, y: float) -> float:
        low, high = self._ends
        return max(low - y, y - high, 0.0)

    def learn_places(self, chords: Iterable[Chord]) -> None:
        """Solve the chords' grips with the forearm at places around the one it likes."""
        items = [item for item in self._items(chords) if item not in self._placed]
        if not items:
            return
        parameters, hand, keys = self._parameters, self._hand, self._keys(items)
        free = self._solver.solve(keys, _ITERATIONS)
        thumb = np.array([self._thumb_on_black(*item) for item in items])
        best = free.cost(parameters.chord) + thumb
        grid = parameters.place_grid_m
        center = np.round(hand.across_y * free.joints[:, hand.across] / grid) * grid
        cost = best[:, None] + np.abs(self._offsets) * 1000.0
        good = np.flatnonzero(best < _HOPELESS)
        across = (center[good, None] + self._offsets) / hand.across_y
        if len(good):
            placed = self._solve_placed(keys[good], across)
            cost[good] = placed.cost(parameters.chord).reshape(across.shape) + thumb[good, None]
        for item, costs, y in zip(
            items, cost, hand.home_y + center[:, None] + self._offsets, strict=True
        ):
            self._placed[item] = costs, y

    def _solve_placed(self, keys: NDArray[np.int_], across: Floats) -> Grips:
        repeated = np.repeat(keys, across.shape[1], axis=0)
        return self._solver.solve(repeated, _PLACED_ITERATIONS, across.ravel())

    def placed(self, chord: Chord, grip: Grip) -> tuple[Floats, Floats]:
        """Costs of a grip with the forearm at several places, and these places [m]."""
        shape, octaves = _shape(chord)
        costs, y = self._placed[shape, grip]
        y = y + octaves * self._octave_m
        low, high = self._ends
        return costs + _BEYOND * np.maximum(np.maximum(low - y, y - high), 0.0), y

    def cost_at(self, chord: Chord, grip: Grip, y: Floats) -> Floats:
        """Cost of a grip with the forearm anywhere [m], between and beyond the places tried."""
        costs, places = self.placed(chord, grip)
        beyond = np.maximum(np.maximum(places[0] - y, y - places[-1]), 0.0)
        return np.interp(y, places, costs) + _BEYOND * beyond

    def _items(self, chords: Iterable[Chord]) -> list[tuple[Shape, Grip]]:
        found = {
            (_shape(chord)[0], grip): None
            for chord in chords
            if chord
            for grip in self.grips(chord)
        }
        return list(found)

    def _keys(self, items: list[tuple[Shape, Grip]]) -> NDArray[np.int_]:
        keys = np.full((len(items), len(self._hand.fingers)), IDLE)
        for row, (shape, grip) in enumerate(items):
            keys[row, list(grip)] = shape
        return keys

    def _thumb_on_black(self, shape: Shape, grip: Grip) -> float:
        on_black = sum(
            self._hand.fingers[f] == "th" and self._black[k]
            for k, f in zip(shape, grip, strict=True)
        )
        return self._parameters.thumb_on_black * on_black


def _shape(chord: Chord) -> tuple[Shape, int]:
    return shape_of([press.key for press in chord])

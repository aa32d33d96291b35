"""Where the fingers of a hand can touch keys together: on keys, between keys, on edges."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.planner import PlanParameters
from policies.planner.reach import key_points, measure_reach
from sim import Rig

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """One posture of rail and fingertips in which every finger just touches a key.

    Attributes:
        rail_m: position of the rail [m].
        black: whether the keys are black; they are of one colour.
        keys: key under each finger, low notes first.
        points: tip centres at first touch with the keyboard where it should be, shape
            ``(fingers, 3)`` [m, piano frame].
        travel_m: way of each key's surface to its stop, there where it is touched, shape
            ``(fingers,)`` [m].
    """

    rail_m: float
    black: bool
    keys: tuple[int, ...]
    points: Array
    travel_m: Array


class Places:
    """Finds places for all playing fingers of a rig.

    Args:
        rig: nominal geometry.
        parameters: of its planner: where along the keys it strikes.
    """

    def __init__(self, rig: Rig, parameters: PlanParameters) -> None:
        self._rig, self._points = rig, key_points(rig, parameters)
        self._neutral_y = measure_reach(rig, parameters).neutral_y

    def on_keys(self, y_m: float, black: bool) -> Place:
        """The keys of one colour nearest to ``y_m`` that suit the hand best, struck in the middle.

        Args:
            y_m: where the middle of the hand should be [m].
            black: colour of the keys.
        """
        keyboard = self._rig.keyboard
        candidates = np.flatnonzero(keyboard.black == black)
        if not black:
            candidates = candidates[1:-1]  # so that each has two neighbours
        low, high = self._rig.rail.range_m
        best, least = None, np.inf
        for rail in keyboard.center_y[candidates]:
            if not low <= rail <= high:
                continue
            apart = np.abs(keyboard.center_y[candidates] - (rail + self._neutral_y)[:, None])
            misfit = float(apart.min(axis=1).max() + 0.1 * abs(rail - y_m))
            if misfit < least:
                best, least = (float(rail), candidates[apart.argmin(axis=1)]), misfit
        assert best is not None  # noqa: S101  every keyboard has keys within the rail's range
        return self._place(best[0], best[1])

    def between_keys(self, place: Place, side: int, offset_m: float) -> Place:
        """White keys struck so near to a neighbour that the side of the tip presses that as well.

        The hand moves as a whole, so that fingers keep their distances.

        Args:
            place: on white keys.
            side: 1 for the neighbours above, -1 for those below.
            offset_m: distance of the tips' centres from the gaps between the keys [m].
        """
        center_y = self._rig.keyboard.center_y
        whites = np.flatnonzero(~self._rig.keyboard.black)
        keys = np.array(place.keys)
        neighbours = whites[np.searchsorted(whites, keys) + side]
        way = 0.5 * (center_y[neighbours] - center_y[keys])  # white keys are evenly apart
        way = way - np.sign(way) * offset_m
        points = place.points + way[:, None] * [0.0, 1.0, 0.0]
        return replace(place, rail_m=place.rail_m + float(way.mean()), points=points)

    def _place(self, rail_m: float, keys: NDArray[np.intp]) -> Place:
        points = self._points[keys]
        numbers = tuple(int(key) for key in keys)
        return Place(
            rail_m,
            bool(self._rig.keyboard.black[keys[0]]),
            numbers,
            points,
            self._travel_m(keys, points),
        )

    def _travel_m(self, keys: NDArray[np.intp], points: Array) -> Array:
        keyboard = self._rig.keyboard
        lever_m = points[:, 0] - keyboard.white_shape.hinge_x
        return np.asarray(lever_m * np.tan(keyboard.travel_rad[keys]))

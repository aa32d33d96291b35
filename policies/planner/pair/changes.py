"""What it costs a hand's fingers to go from one chord to the next."""

from __future__ import annotations

from collections.abc import Mapping

from policies.planner.pair.kinematics import HandKinematics
from policies.planner.pair.parameters import FingerCosts
from policies.planner.pair.places import KeyPlaces
from score import Press

Fingers = Mapping[Press, int]
"""Which finger takes which press."""

CUT = 1e5
"""Cost of letting go of a note before its end: worse than anything else, but sometimes all there is."""

_WHITE_KEY_M = 0.0235
_SUBSTITUTION_REST, _CROSSING_REST = 3, 2
"""Control steps of rest after which another finger on a key, or a finger out of order, is free."""


class FingerChange:
    """Costs of one hand's fingers from chord to chord."""

    def __init__(self, hand: HandKinematics, places: KeyPlaces, costs: FingerCosts) -> None:
        self._y, self._costs = places.touching[:, 1].tolist(), costs
        self._rank = {finger: rank for rank, finger in enumerate(hand.upwards)}

    def __call__(self, before: Fingers, after: Fingers, row: int) -> float:
        """Cost of going over to the chord that begins in ``row``."""
        cost = 0.0
        for press, finger in before.items():
            if press in after:
                cost += CUT * (after[press] != finger)
                continue
            for coming, taker in after.items():
                if coming.start == row:
                    cost += self._of(press, finger, coming, taker)
        return cost

    def _of(self, gone: Press, finger: int, coming: Press, taker: int) -> float:
        rest, way_m = coming.start - gone.end, self._y[coming.key] - self._y[gone.key]
        if finger == taker:
            keys = max(1.0, abs(way_m) / _WHITE_KEY_M) if coming.key != gone.key else 0.0
            return self._costs.same * keys / (1 + max(rest, 0))
        if coming.key == gone.key:
            return self._costs.substitution * (rest < _SUBSTITUTION_REST)
        crosses = (way_m > 0) != (self._rank[taker] > self._rank[finger])
        return self._costs.crossing * (crosses and rest < _CROSSING_REST)

"""What it costs a hand to go from one chord to the next."""

from __future__ import annotations

from collections.abc import Mapping

from policies.planner.pair.kinematics import HandKinematics
from policies.planner.pair.parameters import FingerCosts
from policies.planner.pair.places import KeyPlaces
from score import CONTROL_STEP_S, Press

Fingers = Mapping[Press, int]
"""Which finger takes which press."""

CUT = 1e5
"""Cost of letting go of a note before its end: the last resort, but sometimes there is no other."""

_MOVE_COST, _MOVE_M, _MOVE_S = 2.0, 0.06, 0.15
_JUMP_FREE_M, _JUMP_M = 0.015, 0.02
_JUMP_RESTED = 0.3
"""Share of the cost of a jump when nothing is held until then."""

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


def forearm_change(way_m: float, steps: int, held: bool, jump: float) -> float:
    """Cost of moving a forearm; a chord leaves it some room to be elsewhere.

    Args:
        way_m: from where the chord before has it to where the next one does [m].
        steps: control steps from chord to chord.
        held: whether the chord before is held until then.
        jump: cost of a move that is 2 cm longer than that room.
    """
    smooth = _MOVE_COST * (way_m / _MOVE_M) ** 2 * _MOVE_S / (steps * CONTROL_STEP_S)
    beyond = max(0.0, abs(way_m) - _JUMP_FREE_M) / _JUMP_M
    return smooth + jump * beyond**2 * (1.0 if held else _JUMP_RESTED)

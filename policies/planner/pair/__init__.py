"""The planner for two hands (docs/two_hands.md)."""

from policies.planner.pair.controller import Hands
from policies.planner.pair.make import PairPlan, Prepared, make_pair_plan, prepare
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.rehearsal import OnProgress

__all__ = [
    "Hands",
    "OnProgress",
    "PairPlan",
    "PairPlanParameters",
    "Prepared",
    "make_pair_plan",
    "prepare",
]

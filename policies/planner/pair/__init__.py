"""The planner for two hands (docs/two_hands.md)."""

from policies.planner.pair.make import PairPlan, make_pair_plan
from policies.planner.pair.parameters import PairPlanParameters

__all__ = ["PairPlan", "PairPlanParameters", "make_pair_plan"]

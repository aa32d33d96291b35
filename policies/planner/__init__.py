"""The planner: fingering by dynamic programming, motion by inverse kinematics."""

from policies.planner.limits import playing_limits
from policies.planner.parameters import PlanParameters, load_parameters
from policies.planner.plan import Plan, make_plan

__all__ = ["Plan", "PlanParameters", "load_parameters", "make_plan", "playing_limits"]

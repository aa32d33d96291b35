"""The planner: fingering by dynamic programming, motion by inverse kinematics."""

from policies.planner.limits import playing_limits
from policies.planner.make import make_plan
from policies.planner.pair import OnProgress
from policies.planner.parameters import PlanParameters, load_parameters
from policies.planner.plan import Plan

__all__ = ["OnProgress", "Plan", "PlanParameters", "load_parameters", "make_plan", "playing_limits"]

"""Policies: the planner and everything else that turns observations into joint targets."""

from policies.errors import PolicyError, UnreachableError
from policies.library import load_policy
from policies.planner import Plan, PlanParameters, make_plan
from policies.policy import Observation, Policy

__all__ = [
    "Observation",
    "Plan",
    "PlanParameters",
    "Policy",
    "PolicyError",
    "UnreachableError",
    "load_policy",
    "make_plan",
]

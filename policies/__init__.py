"""Policies: the planner and everything else that turns observations into joint targets."""

from policies.errors import BundleError, PolicyError, UnreachableError
from policies.library import choose_policy, known_delay_s, lead_of, load_policy
from policies.planner import Plan, PlanParameters, make_plan, playing_limits
from policies.policy import Observation, Policy

__all__ = [
    "BundleError",
    "Observation",
    "Plan",
    "PlanParameters",
    "Policy",
    "PolicyError",
    "UnreachableError",
    "choose_policy",
    "known_delay_s",
    "lead_of",
    "load_policy",
    "make_plan",
    "playing_limits",
]

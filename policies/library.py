"""Finding a policy by the word a user gives for it."""

from __future__ import annotations

from policies.errors import PolicyError
from policies.planner import make_plan
from policies.policy import Policy
from score import Goals
from sim import RigModel


def load_policy(spec: str, model: RigModel, goals: Goals) -> Policy:
    """Make or load a policy for a song on a rig.

    Args:
        spec: ``planner``.
        model: the rig.
        goals: the song on that rig's keyboard.

    Raises:
        PolicyError: an unknown policy.
        UnreachableError: the rig cannot play some notes of the song.
    """
    if spec == "planner":
        return make_plan(goals, model)
    raise PolicyError(f"unknown policy '{spec}': use 'planner'")

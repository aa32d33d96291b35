"""The planner for two hands; for now they rest where they are and only the pedal plays."""

from __future__ import annotations

import numpy as np

from policies.planner.plan import Plan
from score import Goals
from sim import PlayablePair


def make_pair_plan(goals: Goals, model: PlayablePair) -> Plan:
    """Plan a song for two hands: they rest, the pedal does what the score says."""
    rest = np.clip(np.zeros(model.n_joints), model.joint_low, model.joint_high)
    targets = np.tile(rest, (goals.n_steps, 1))
    targets[:, model.pedal] = goals.sustain
    return Plan(model.rig.name, model.joint_names, targets, targets)

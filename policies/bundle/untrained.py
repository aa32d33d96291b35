"""A bundle that nobody trained: the network every training starts with."""

from __future__ import annotations

import numpy as np

from policies.bundle.bundle import Bundle, feature_sizes
from policies.features import Part
from policies.planner import Plan
from score import CONTROL_STEP_S, Goals
from sim import PlayableModel

WIDTHS = (128, 128)
_LAST_SCALE = 0.01  # a residual policy begins as its plan


def untrained_bundle(
    model: PlayableModel, goals: Goals, plan: Plan, widths: tuple[int, ...] = WIDTHS, seed: int = 0
) -> Bundle:
    """A residual policy with random weights (LeCun normal) that hardly leave the plan."""
    part = Part.of(model.joint_low, model.joint_high, goals, plan)
    sizes = feature_sizes(part)
    size, rng = sum(sizes.values()), np.random.default_rng(seed)
    units = (size, *widths, model.n_joints)
    scales = [1.0] * len(widths) + [_LAST_SCALE]
    layers = tuple(
        (rng.normal(0, scale / np.sqrt(i), (i, o)).astype(np.float32), np.zeros(o, np.float32))
        for i, o, scale in zip(units[:-1], units[1:], scales, strict=True)
    )
    return Bundle(
        song=goals.name,
        rig=model.rig.name,
        rig_hash=model.rig.hash,
        joint_names=model.joint_names,
        control_step_s=CONTROL_STEP_S,
        feature_blocks=sizes,
        part=part,
        mean=np.zeros(size, np.float32),
        std=np.ones(size, np.float32),
        layers=layers,
        squash="clip",
        residual=True,
        physics={},
        training={"algorithm": "none"},
        seed=seed,
        scores={},
        versions={"numpy": np.__version__},
        lateness_s=plan.lateness_s,
    )

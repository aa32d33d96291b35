"""A polished plan as a policy bundle, so that whatever plays bundles plays it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import mujoco
import numpy as np

from policies.bundle import Bundle, untrained_bundle
from policies.search.search import Polished
from score import Goals
from sim import PlayableModel


def polished_bundle(
    polished: Polished,
    goals: Goals,
    model: PlayableModel,
    *,
    physics: Mapping[str, float],
    seed: int,
) -> Bundle:
    """A residual policy whose one layer is all zeros: it plays the plan itself.

    Args:
        polished: the result of ``polish``.
        goals: the song it plays.
        model: the rig it plays on.
        physics: physics parameters it was searched with, by name.
        seed: of the search.
    """
    bundle = untrained_bundle(model, goals, polished.plan, widths=())
    silent = tuple((np.zeros_like(kernel), np.zeros_like(bias)) for kernel, bias in bundle.layers)
    return replace(
        bundle,
        layers=silent,
        physics=dict(physics),
        training={"algorithm": "polish", "rounds": polished.rounds, "wall_s": polished.wall_s},
        seed=seed,
        scores={
            "frame_f1": polished.frame_f1,
            "frame_f1_late_10ms": polished.frame_f1_late,
        },
        versions={**bundle.versions, "mujoco": mujoco.__version__},
    )

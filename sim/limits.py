"""The one function through which every joint target goes, simulated or real."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.errors import SimError

Array = NDArray[np.float64]


def limit_targets(targets: Array, low: Array, high: Array, out: Array | None = None) -> Array:
    """Joint targets within the joint limits.

    Targets are not shaped beyond that: a ramp between control steps costs 0.09 frame F1, a clip
    at the no-load speed 0.1 (design notes, §4).

    Args:
        targets: shape ``(..., n)`` [m for the rail, rad].
        low: lower joint limits, shape ``(n,)``.
        high: upper joint limits, shape ``(n,)``.
        out: where to put the result, if not in a new array.

    Raises:
        SimError: a target is not finite, or there are not as many as joints.
    """
    if targets.shape[-1] != len(low):
        raise SimError(f"{targets.shape[-1]} joint targets for {len(low)} joints")
    if not math.isfinite(np.vdot(targets, targets)):  # one call, for this is in every step
        raise SimError("a joint target is not finite: the policy that made it is broken")
    return np.minimum(np.maximum(targets, low), high, out=out)

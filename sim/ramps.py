"""From one place to another in time: a smooth way, and controllers that interpolate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PEAK_OVER_MEAN = 1.875
"""Highest over mean speed of a minimum-jerk movement."""


def minimum_jerk(share: float) -> float:
    """How much of the way a minimum-jerk movement has covered after a share of its time.

    Source: Flash and Hogan (1985), for a movement from rest to rest.
    """
    return share**3 * (10 - 15 * share + 6 * share**2)


class Ramp:
    """What a controller that interpolates makes of targets: it gets there in equal steps.

    Args:
        start: where the joints are told to be at first, shape ``(n,)``.
        steps: physics steps from a new target's arrival until it is reached, shape ``(n,)``.
    """

    def __init__(self, start: Array, steps: NDArray[np.intp]) -> None:
        self._now, self._goal, self._steps = start.copy(), start.copy(), steps
        self._left = np.zeros_like(steps)

    def __call__(self, targets: Array) -> Array:
        """What the servos are told in the next physics step, shape ``(n,)``."""
        self._left = np.where(targets != self._goal, self._steps, self._left)
        self._goal = targets.copy()
        share = 1.0 / np.maximum(self._left, 1)
        self._now = self._now + (self._goal - self._now) * share
        self._left = np.maximum(self._left - 1, 0)
        return self._now

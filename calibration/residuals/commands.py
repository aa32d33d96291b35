"""What the servos are told in each physics step, some delay after it was sent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.residuals.segment import Segment
from sim import PHYSICS_STEP_S

Floats = NDArray[np.float64]


def controls(segment: Segment, delay_s: float) -> Floats:
    """Mean of the targets in force in each physics step; smooth in the delay.

    Servos are linear, so that mean gives the same impulse as targets that change within a step.

    Args:
        segment: What was sent, and when.
        delay_s: From sending to effect [s].

    Returns:
        Shape `(steps, n)` [m for the rail, rad].
    """
    arrival = (segment.target_time_s + delay_s) / PHYSICS_STEP_S  # in physics steps
    steps = segment.steps
    in_force = np.searchsorted(arrival, np.arange(steps), side="right") - 1
    told = segment.targets[np.maximum(in_force, 0)]
    step = np.floor(arrival).astype(np.intp)
    within = np.flatnonzero((step >= 0) & (step < steps) & (arrival > step))
    within = within[within > 0]  # the first is in force before all others
    rest = step[within] + 1 - arrival[within]
    change = segment.targets[within] - segment.targets[within - 1]
    np.add.at(told, step[within], rest[:, None] * change)
    return told

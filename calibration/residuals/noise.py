"""How noisy readings are, and how late events, told from the recording alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim import PHYSICS_STEP_S

Floats = NDArray[np.float64]

_MAD = 1.4826  # from the median absolute deviation of a normal distribution to its standard one
_DIFFERENCE = np.sqrt(20.0)  # standard deviation of the third difference of white noise
_ON_GRID = 0.9  # mean resultant length of phases above which times are on a grid
_FEWEST = 8  # events from which a phase can be told


def reading_noise(rows: Floats) -> Floats:
    """Standard deviation of white noise in readings, each column for itself.

    From third differences: what the joints do is smooth from one reading to the next but for some
    moments, which the median leaves out.

    Args:
        rows: Readings one after the other, shape `(t, n)`.

    Returns:
        Shape `(n,)`; 0 where readings are exact, or all the same.
    """
    if len(rows) < 8:
        return np.zeros(rows.shape[1])
    quiet = np.median(np.abs(np.diff(rows, n=3, axis=0)), axis=0)
    return np.asarray(np.where(quiet < 1e-7, 0.0, _MAD * quiet / _DIFFERENCE))


def event_bias_s(time_s: Floats, grid_s: float = PHYSICS_STEP_S) -> float:
    """How late events are told on average [s]: half a grid where all times lie on one, else 0.

    Keyboards that look at their keys at fixed intervals, emulated ones among them, tell an event at
    the end of the interval in which it happened.
    """
    if len(time_s) < _FEWEST:
        return 0.0
    phases = np.exp(2j * np.pi * time_s / grid_s)
    return grid_s / 2 if abs(phases.mean()) > _ON_GRID else 0.0

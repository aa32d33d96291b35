"""A driven, damped oscillator with known truth: a small real thing to calibrate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

STEP_S = 0.01
LOW = np.array([10.0, 0.5, 0.0, -1.0])
HIGH = np.array([60.0, 8.0, 0.1, 1.0])
NAMES = ("stiffness", "damping", "delay_s", "unseen")
TRUTH = np.array([0.42, 0.3, 0.37, 0.5])
NOISE = 0.002


def _drive(time_s: Floats) -> Floats:
    """Where it is drawn to."""
    return np.sin(1.3 * time_s) * (1.0 + 0.2 * time_s) + 0.5 * np.sin(7.0 * time_s)


def simulate(zs: Floats, start_s: float, seconds: float) -> Floats:
    """Positions of oscillators with parameters of the unit cube, shape `(k, d)` to `(k, t)`."""
    stiffness, damping, delay_s, _ = (LOW + zs * (HIGH - LOW)).T
    position, velocity = np.zeros(len(zs)), np.zeros(len(zs))
    rows = []
    for time_s in start_s + STEP_S * np.arange(round(seconds / STEP_S)):
        force = stiffness * (_drive(time_s - delay_s) - position) - damping * velocity
        velocity = velocity + STEP_S * force
        position = position + STEP_S * velocity
        rows.append(position)
    return np.array(rows).T


class Oscillator:
    """Residuals of one record of it, as a part of a problem.

    Args:
        start_s: When the record begins [s].
        seconds: How long it is [s].
        truth: What it was made with, in the unit cube.
    """

    names = NAMES

    def __init__(self, start_s: float, seconds: float, truth: Floats = TRUTH) -> None:
        self._start_s, self._seconds = start_s, seconds
        rng = np.random.default_rng(round(start_s * 10))
        record = simulate(truth[None], start_s, seconds)[0]
        self._record = record + rng.normal(0.0, NOISE, len(record))
        self.replayed = 0

    def residuals(self, zs: ArrayLike) -> Floats:
        """In standard deviations of the noise."""
        points = np.asarray(zs, np.float64)
        self.replayed += len(points)
        return (simulate(points, self._start_s, self._seconds) - self._record) / NOISE

    def cost(self, zs: ArrayLike) -> Floats:
        """Mean Huber loss."""
        size = np.abs(self.residuals(zs))
        inside = np.minimum(size, 3.0)
        return np.mean(inside * (size - 0.5 * inside), axis=1)

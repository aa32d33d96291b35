"""Slopes of residuals by finite differences, every one in one batch of replays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Residuals = Callable[[Floats], Floats]
"""Of points, shape `(k, d)` to `(k, m)`."""

Slopes = Callable[[Floats, Floats], Floats]
"""Of a point, shape `(d,)`, and its residuals, shape `(m,)`: their Jacobian, shape `(m, d)`."""

_TOLD = 5.0
"""How far `AlongCurvature` goes: by so much residuals change, as one vector."""

_WIDEST = 0.1  # in the unit cube, however little an axis tells


@dataclass(frozen=True)
class AlongEntries:
    """One-sided differences along the entries, away from the nearer bound.

    Attributes:
        residuals: Of points.
        step: How far, in the unit cube.
    """

    residuals: Residuals
    step: float

    def __call__(self, point: Floats, there: Floats) -> Floats:
        """Slopes at a point."""
        inward = np.where(point > 0.5, -self.step, self.step)
        return ((self.residuals(point + np.diag(inward)) - there) / inward[:, None]).T


class AlongCurvature:
    """Central differences along the axes of the curvature that was found the time before.

    Along each axis the step is as long as tells something: short where residuals are steep, long
    where they are flat. Entries that nearly make up for each other all but vanish in the grain of
    contacts when each is stepped by itself.

    Args:
        residuals: Of points.
        step: How far along the entries, in the unit cube.
        prior_std: Standard deviation of every entry's prior.
        axes: Steps to begin with, one a row, shape `(d, d)`; along the entries if None.

    Attributes:
        axes: Steps of the next time.
    """

    def __init__(
        self, residuals: Residuals, step: float, prior_std: float, axes: Floats | None = None
    ) -> None:
        self._residuals, self._step, self._prior_std = residuals, step, prior_std
        self.axes = axes

    def __call__(self, point: Floats, there: Floats) -> Floats:
        """Slopes at a point; `there` is not needed."""
        d = len(point)
        axes = self._step * np.eye(d) if self.axes is None else self.axes
        around = np.clip(np.concatenate([point + axes, point - axes]), 0.0, 1.0)
        rows = self._residuals(around)
        slopes = np.linalg.lstsq(around[:d] - around[d:], rows[:d] - rows[d:], rcond=None)[0].T
        curvature, directions = np.linalg.eigh(slopes.T @ slopes + np.eye(d) / self._prior_std**2)
        self.axes = (directions * np.minimum(_TOLD / np.sqrt(curvature), _WIDEST)).T
        return np.asarray(slopes, np.float64)

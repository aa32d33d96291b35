"""The end of a fit: least squares on bounds, slopes by finite differences in one batch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from mujoco import minimize
from numpy.typing import NDArray

from calibration.study.slopes import Residuals, Slopes

Floats = NDArray[np.float64]

PRIOR_STD = 0.25
"""Standard deviation of the prior of every entry around what is nominal, in shares of its range.

Only what the recordings do not tell comes from it; without it such entries would run away."""


@dataclass(frozen=True, eq=False)
class Linearised:
    """A fit and the slopes around it.

    Attributes:
        point: Shape `(d,)`.
        residuals: There, shape `(m,)`.
        jacobian: Shape `(m, d)`.
    """

    point: Floats
    residuals: Floats
    jacobian: Floats


def least_squares(
    residuals: Residuals,
    start: Floats,
    prior: Floats,
    slopes: Slopes,
    most: int,
    *,
    held: Sequence[int] = (),
    go_on: Callable[[float], bool] = lambda _: True,
) -> Floats:
    """Fit by MuJoCo's Gauss-Newton with bounds (`mujoco.minimize`), from a start to the bottom.

    Args:
        residuals: Of points, shape `(k, d)` to `(k, m)`.
        start: Shape `(d,)`, in the unit cube.
        prior: Where entries that the residuals do not tell stay, shape `(d,)`.
        slopes: Of the residuals.
        most: Iterations.
        held: Entries that stay as they are at the start.
        go_on: Is told the mean loss after every iteration; False ends it.

    Returns:
        The fit, shape `(d,)`.
    """
    moved = np.setdiff1d(np.arange(len(start)), held)
    part = _Part(residuals, slopes, start, prior, moved)
    latest = start[moved]

    def watch(trace: list[minimize.IterLog]) -> None:
        nonlocal latest
        latest = part.looked_at  # the step that was just found to be one downwards
        if not go_on(float(trace[-1].objective) / part.size):
            raise _EnoughError

    with contextlib.suppress(_EnoughError):
        latest, _ = minimize.least_squares(
            latest,
            part.rows,
            bounds=[np.zeros(len(moved)), np.ones(len(moved))],
            jacobian=part.jacobian,
            mu_min=1e-6,  # entries that nearly make up for each other bear little damping
            mu_factor=10.0,
            xtol=3e-4,
            max_iter=most,
            verbose=minimize.Verbosity.SILENT,
            iter_callback=watch,
            x_scale="jac",
        )
    return part.points(np.clip(latest, 0.0, 1.0)[:, None])[0]


@dataclass
class _Part:
    """Residuals and prior as functions of the entries that are moved, the others at their start.

    Points are columns here, as `mujoco.minimize` has them.

    Attributes:
        size: Number of residuals, the prior's not counted; known once there are slopes.
        looked_at: The moved entries of the last point that was evaluated.
    """

    residuals: Residuals
    slopes: Slopes
    start: Floats
    prior: Floats
    moved: NDArray[np.intp]
    size: int = 1
    looked_at: Floats = field(init=False)

    def points(self, columns: Floats) -> Floats:
        """Whole points, shape `(k, d)`."""
        whole = np.tile(self.start, (columns.shape[1], 1))
        whole[:, self.moved] = columns.T
        return whole

    def rows(self, columns: Floats) -> Floats:
        """Residuals and those of the prior, one column a point."""
        self.looked_at = columns[:, -1].copy()
        of_prior = (columns.T - self.prior[self.moved]) / PRIOR_STD
        return np.concatenate([self.residuals(self.points(columns)), of_prior], axis=1).T

    def jacobian(self, x: Floats, r: Floats) -> Floats:
        """Of the rows, by the moved entries."""
        self.size = len(r) - len(self.moved)
        of_data = self.slopes(self.points(x)[0], r[: self.size, 0])[:, self.moved]
        return np.concatenate([of_data, np.eye(len(self.moved)) / PRIOR_STD])


class _EnoughError(Exception):
    """Least squares is to end where it is."""

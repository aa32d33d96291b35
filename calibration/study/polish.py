"""The end of a fit: least squares on bounds, slopes by finite differences in one batch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from mujoco import minimize
from numpy.typing import NDArray

from calibration.study.slopes import Residuals, Slopes

Floats = NDArray[np.float64]

PRIOR_STD = 0.25
"""Standard deviation of the prior of every entry: its bounds are a 95 % range around the middle.

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
    latest, size = start[moved], 1
    of_prior = np.eye(len(moved)) / PRIOR_STD

    def points(columns: Floats) -> Floats:
        whole = np.tile(start, (columns.shape[1], 1))
        whole[:, moved] = columns.T
        return whole

    def rows(columns: Floats) -> Floats:
        of_data = residuals(points(columns))
        return np.concatenate([of_data, (columns.T - prior[moved]) / PRIOR_STD], axis=1).T

    def jacobian(x: Floats, r: Floats) -> Floats:
        nonlocal size
        size = len(r) - len(moved)
        return np.concatenate([slopes(points(x)[0], r[:size, 0])[:, moved], of_prior])

    def watch(trace: list[minimize.IterLog]) -> None:
        nonlocal latest
        latest = trace[-1].candidate[:, 0]
        if not go_on(float(trace[-1].objective) / size):
            raise _EnoughError

    with contextlib.suppress(_EnoughError):
        latest, _ = minimize.least_squares(
            start[moved],
            rows,
            bounds=[np.zeros(len(moved)), np.ones(len(moved))],
            jacobian=jacobian,
            mu_min=1e-6,  # entries that nearly make up for each other bear little damping
            mu_factor=10.0,
            xtol=3e-4,
            max_iter=most,
            verbose=minimize.Verbosity.SILENT,
            iter_callback=watch,
            x_scale="jac",
        )
    fit = start.copy()
    fit[moved] = np.clip(latest, 0.0, 1.0)
    return fit


class _EnoughError(Exception):
    """Least squares is to end where it is."""

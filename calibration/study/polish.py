"""The end of a fit: least squares on bounds, Jacobians by finite differences in one batch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mujoco import minimize
from numpy.typing import NDArray

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


def jacobian(residuals: Callable[[Floats], Floats], point: Floats, step: float) -> Floats:
    """Central differences of residuals, all in one batch; one-sided at a bound.

    Args:
        residuals: Of points, shape `(k, d)` to `(k, m)`.
        point: Where, shape `(d,)`, in the unit cube.
        step: Half the distance between the two points.

    Returns:
        Shape `(m, d)`.
    """
    d = len(point)
    moves = step * np.eye(d)
    around = np.clip(np.concatenate([point + moves, point - moves]), 0.0, 1.0)
    there = residuals(around)
    width = np.diag(around[:d] - around[d:])
    return ((there[:d] - there[d:]) / width[:, None]).T


def least_squares(
    residuals: Callable[[Floats], Floats],
    start: Floats,
    prior: Floats,
    *,
    step: float,
    most: int,
    go_on: Callable[[float], bool] = lambda _: True,
) -> Floats:
    """Fit by MuJoCo's Gauss-Newton with bounds (`mujoco.minimize`), from a start to the bottom.

    Args:
        residuals: Of points, shape `(k, d)` to `(k, m)`.
        start: Shape `(d,)`, in the unit cube.
        prior: Where entries that the residuals do not tell stay, shape `(d,)`.
        step: Of the one-sided finite differences: wide enough to see past the grain of contacts.
        most: Iterations.
        go_on: Is told the mean loss after every iteration; False ends it.

    Returns:
        The fit, shape `(d,)`.
    """
    d, latest, size = len(start), start, 1

    def rows(columns: Floats) -> Floats:
        nonlocal size
        points = np.ascontiguousarray(columns.T)
        of_data = residuals(points)
        size = of_data.shape[1]
        return np.concatenate([of_data, (points - prior) / PRIOR_STD], axis=1).T

    def slopes(x: Floats, r: Floats) -> Floats:
        inward = np.where(x[:, 0] > 0.5, -step, step)
        return (rows(x + np.diag(inward)) - r) / inward

    def watch(trace: list[minimize.IterLog]) -> None:
        nonlocal latest
        latest = trace[-1].candidate[:, 0]
        if not go_on(float(trace[-1].objective) / size):
            raise _EnoughError

    with contextlib.suppress(_EnoughError):
        fit, _ = minimize.least_squares(
            start,
            rows,
            bounds=[np.zeros(d), np.ones(d)],
            jacobian=slopes,
            mu_min=1e-3,
            mu_factor=10.0,
            xtol=3e-4,
            max_iter=most,
            verbose=minimize.Verbosity.SILENT,
            iter_callback=watch,
            x_scale="jac",
        )
        latest = fit
    return np.clip(latest, 0.0, 1.0)


class _EnoughError(Exception):
    """Least squares is to end where it is."""

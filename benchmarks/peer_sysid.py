"""The peer of our fits: MuJoCo's own system identification on the same recordings."""

from __future__ import annotations

import time

import numpy as np
from mujoco import sysid
from numpy.typing import NDArray

from calibration.study.case import Case

Floats = NDArray[np.float64]

STEP = 1e-2
"""Width of its finite differences, in shares of a parameter's range. Its own, 1.5e-8, is below the
grain that contacts leave in replays."""


class _OutOfTimeError(Exception):
    """The budget is used up."""


def fit(case: Case, budget_s: float) -> Floats:
    """What ``mujoco.sysid.optimize`` finds within a wall-clock budget, shape ``(d,)``.

    It gets the replays, residuals, bounds and start of our own fit, and all cores: its parameters
    are the entries of our vectors, from 0 to 1. Where it is not done in time, the best point that
    it looked at counts.
    """
    best, least, until = case.free.start, np.inf, time.monotonic() + budget_s

    def residuals(x: Floats, _: sysid.ParameterDict) -> tuple[list[Floats], None, None]:
        nonlocal best, least
        if time.monotonic() > until:
            raise _OutOfTimeError
        points = np.atleast_2d(x.T)
        rows = case.whole.residuals(points)
        costs = (rows**2).sum(axis=1)
        if costs.min() < least:
            best, least = points[np.argmin(costs)].copy(), float(costs.min())
        return [rows.T if x.ndim == 2 else rows[0]], None, None

    parameters = sysid.ParameterDict()
    for name, value in zip(case.free.names, case.free.start, strict=True):
        parameters.add(sysid.Parameter(name, value, 0.0, 1.0))
    try:
        _, result = sysid.optimize(parameters, residuals, verbose=False, eps=STEP)
    except _OutOfTimeError:
        return best
    return np.asarray(result.x, np.float64)

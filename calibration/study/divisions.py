"""How a delay divides between commands and readings, which least squares does not find by itself.

Joints tell what commands and their readings are late together, exactly; how much of it is the
command's shows only in when keys sound, and heavier or lighter keys nearly make up for it. So
everything else is fitted for several divisions, and the best one is narrowed down.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from calibration.residuals import STATE_DELAY, FreeParameters

Floats = NDArray[np.float64]

Solve = Callable[[Floats], tuple[Floats, float]]
"""Fits everything but both delays from a point on; returns the fit and its cost."""

_COARSE = 5
_HALVINGS = 2
_FINEST_S = 1e-3

_DELAY = "command_delay_s"


def delay_columns(free: FreeParameters) -> list[int]:
    """Where command and reading delay stand in a point; empty if not both are fitted."""
    names = list(free.names)
    both = (_DELAY, STATE_DELAY)
    return [names.index(name) for name in both] if set(both) <= set(names) else []


def best_division(free: FreeParameters, point: Floats, solve: Solve) -> Floats:
    """The best of the fits for several divisions of a point's total delay.

    Its own, five from one end to the other, then both neighbours of the best at half and a
    quarter of their distance. Each fit begins where the nearest one ended.

    Args:
        free: What the entries mean.
        point: Whose total delay is right, shape `(d,)`.
        solve: Is called for each division.

    Returns:
        Shape `(d,)`; the point itself where nothing is to be divided.
    """
    if not (columns := delay_columns(free)):
        return point
    total_s = float(free.values(point)[columns].sum())
    low_s, high_s = free.bounds[columns].T
    first_s = max(low_s[0], total_s - high_s[1])
    last_s = min(high_s[0], total_s - low_s[1])
    solved: dict[float, tuple[Floats, float]] = {}

    def look(delay_s: float) -> None:
        nearest = min(solved, key=lambda other: abs(other - delay_s), default=None)
        start = (point if nearest is None else solved[nearest][0]).copy()
        start[columns] = (np.array([delay_s, total_s - delay_s]) - low_s) / (high_s - low_s)
        solved[delay_s] = solve(start)

    own_s = min(max(float(free.values(point)[columns[0]]), first_s), last_s)
    for delay_s in (own_s, *np.linspace(first_s, last_s, _COARSE).tolist()):
        look(delay_s)
    step_s = (last_s - first_s) / (_COARSE - 1)
    for _ in range(_HALVINGS):
        step_s /= 2
        if step_s < _FINEST_S / 2:
            break
        best_s = _best(solved)
        for delay_s in (best_s - step_s, best_s + step_s):
            if first_s <= delay_s <= last_s:
                look(delay_s)
    return solved[_best(solved)][0]


def _best(solved: dict[float, tuple[Floats, float]]) -> float:
    return min(solved, key=lambda delay_s: solved[delay_s][1])

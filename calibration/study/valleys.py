"""Valleys between which least squares finds no way: how a delay divides, how high the keys are.

Joints tell what commands and their readings are late together, exactly; how much of it is the
command's shows only in when keys sound, and a wrong height makes up for it. So there is a valley
for nearly every division, and all of them have to be looked into.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.residuals import STATE_DELAY, FreeParameters
from calibration.study.stages import touch_columns

Floats = NDArray[np.float64]

_DELAY, _HEIGHT = "command_delay_s", "keyboard_z_m"

_DIVISIONS = 9
_HEIGHTS_M = np.linspace(-0.004, 0.004, 9)


def valleys(free: FreeParameters, point: Floats) -> Floats:
    """Points from which to go on, around one whose motion is right.

    Args:
        free: What the entries mean; what was known before.
        point: Shape `(d,)`.

    Returns:
        Shape `(k, d)`: the point; and, touch as it was known before, the delays divided otherwise
        with keyboards of several heights.
    """
    names = list(free.names)
    known = point.copy()
    touch = touch_columns(names)
    known[touch] = free.start[touch]
    candidates = [point]
    for divided in _divided(free, known):
        for height_m in _HEIGHTS_M if _HEIGHT in names else [0.0]:
            candidate = divided.copy()
            if _HEIGHT in names:
                column = names.index(_HEIGHT)
                width = np.diff(free.bounds[column])[0]
                candidate[column] = np.clip(known[column] + height_m / width, 0.0, 1.0)
            candidates.append(candidate)
    return np.array(candidates)


def _divided(free: FreeParameters, point: Floats) -> list[Floats]:
    """The point with its total delay divided between commands and readings in several ways."""
    names = list(free.names)
    if not {_DELAY, STATE_DELAY} <= set(names):
        return [point]
    columns = [names.index(_DELAY), names.index(STATE_DELAY)]
    total_s = float(free.values(point)[columns].sum())
    low_s, high_s = free.bounds[columns].T
    divided = []
    for share in np.linspace(0.0, 1.0, _DIVISIONS):
        each_s = np.array([share, 1.0 - share]) * total_s
        if (each_s <= high_s).all():
            candidate = point.copy()
            candidate[columns] = (each_s - low_s) / (high_s - low_s)
            divided.append(candidate)
    return divided or [point]

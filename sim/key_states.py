"""From key angle to depth, and the published rules of when a key sounds.

The simulator's own rule has hysteresis (``trigger`` above ``release``, as a real keyboard); the two
rules here are those of the published environments, for comparing with their numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SOUNDS_WITHIN_RAD = 0.00872665
"""Half a degree: how near its stop a key sounds (robopianist/models/piano/piano_constants.py)."""

Floats = NDArray[np.float64]


def key_depth(angle_rad: Floats, travel_rad: Floats) -> Floats:
    """Depth of keys: the fraction of travel, 0 at rest to 1 at the stop.

    Args:
        angle_rad: key angles, shape ``(..., n_keys)``; beyond the stops they are clipped.
        travel_rad: full travel of each key, shape ``(n_keys,)``.
    """
    return np.asarray(np.clip(angle_rad, 0.0, travel_rad) / travel_rad)


def sounds_robopianist(angle_rad: Floats, travel_rad: Floats) -> NDArray[np.bool_]:
    """Which keys sound in RoboPianist: those within half a degree of the stop.

    Args:
        angle_rad: key angles, shape ``(..., n_keys)``.
        travel_rad: full travel of each key, shape ``(n_keys,)``.
    """
    left = travel_rad - np.clip(angle_rad, 0.0, travel_rad)
    return np.asarray(left <= SOUNDS_WITHIN_RAD)


def sounds_lab(depth: Floats, threshold: Floats | float) -> NDArray[np.bool_]:
    """Which keys sound in "Learning to Play Piano in the Real World".

    Args:
        depth: 0..1, shape ``(..., n_keys)``.
        threshold: fraction of travel that may be left; 0.75 in the released settings.
    """
    return np.asarray(1.0 - depth <= threshold)

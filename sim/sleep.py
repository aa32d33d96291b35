"""Keys sleep while nobody touches them; a pressed key must not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_REST = 0.02
"""Depth up to which a key may sleep, as a fraction of its travel: keys must rest below it."""

_NUDGE_NM = 1e-12


def keep_pressed_keys_awake(
    angles_rad: NDArray[np.float64],
    travel_rad: NDArray[np.float64],
    applied_nm: NDArray[np.float64],
) -> None:
    """Have keys that are down simulated in the next control step, whatever touches them.

    MuJoCo lets a body sleep that has been slow for ten physics steps, by its speed before the step
    in which the last contact ends; a key that was held still and then let go gently would stay down
    for ever, with no finger on it. It never lets a body sleep that a force is applied to, however
    small. To be called once in a control step: ten physics steps are the soonest for a new sleep.

    Args:
        angles_rad: of the keys, shape ``(..., n_keys)``.
        travel_rad: of the keys, shape ``(n_keys,)``.
        applied_nm: torques applied to the keys, shape ``(..., n_keys)``; is overwritten.
    """
    np.multiply(angles_rad > _REST * travel_rad, _NUDGE_NM, out=applied_nm)

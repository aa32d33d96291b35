"""The best constant time shift: how much of a frame score is lost to lateness alone."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from score.events import KeyEvent, holds_of_events, require_key
from score.frames import frame_scores
from score.grid import CONTROL_STEP_S, TIME_TOLERANCE_S

SHIFT_STEP_S = 0.005
"""Shifts are tried at this distance [s]: the precision of key events."""

MAX_SHIFT_S = 0.3
"""The largest shift tried, early or late [s]."""

_PER_STEP = round(CONTROL_STEP_S / SHIFT_STEP_S)
_REACH = round(MAX_SHIFT_S / SHIFT_STEP_S)


def best_shift(
    target: NDArray[np.bool_], events: Iterable[KeyEvent], expected_s: float = 0.0
) -> tuple[float, float]:
    """Find the constant lateness whose removal gives the best frame F1.

    The events themselves are moved and sampled again, from 0.3 s early to 0.3 s late in steps of
    5 ms. Frame F1 has plateaus (sampling every 50 ms hides part of a shift); on a plateau the
    shift nearest to `expected_s` is taken.

    Args:
        target: Boolean `[T, n_keys]`, the keys due.
        events: What was played, score time.
        expected_s: Lateness known from elsewhere [s], such as the median onset error.

    Returns:
        The shift [s], positive when the performance was late, and the frame F1 without it.

    Raises:
        ScoreError: When the target is empty or an event names a key that it does not have.
    """
    fine = _fine_roll(events, *target.shape)
    shifts = range(-_REACH, _REACH + 1)
    f1s = [frame_scores(target, _shifted(fine, shift, len(target))).f1 for shift in shifts]
    best = [shift for shift, f1 in zip(shifts, f1s, strict=True) if f1 >= max(f1s) - 1e-12]
    nearest = min(best, key=lambda shift: abs(shift * SHIFT_STEP_S - expected_s))
    return nearest * SHIFT_STEP_S, max(f1s)


def _fine_roll(events: Iterable[KeyEvent], n_steps: int, n_keys: int) -> NDArray[np.bool_]:
    """Keys down every 5 ms from -0.3 s to 0.3 s past the end, `[fine steps, n_keys]`."""
    fine = np.zeros((n_steps * _PER_STEP + 2 * _REACH + 1, n_keys), dtype=np.bool_)
    for hold in holds_of_events(events):
        require_key(hold.key, n_keys)
        end = len(fine) if math.isinf(hold.end_s) else _fine_row(hold.end_s)
        fine[_fine_row(hold.start_s) : end, hold.key] = True
    return fine


def _fine_row(time_s: float) -> int:
    return max(math.ceil((time_s - TIME_TOLERANCE_S) / SHIFT_STEP_S) + _REACH, 0)


def _shifted(fine: NDArray[np.bool_], shift: int, n_steps: int) -> NDArray[np.bool_]:
    """The roll `[n_steps, n_keys]` of the performance moved `shift` fine steps earlier."""
    return fine[_REACH + shift + _PER_STEP :: _PER_STEP][:n_steps]

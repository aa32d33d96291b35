"""Windows: the stretches of a plan around failing rows, and the changes tried in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import PEDAL, by_kind

Array = NDArray[np.float64]

SPREAD_RAD, SPREAD_M = 0.06, 0.003
"""Middle size of the changes tried at a finger joint and at the rail."""

AFTERMATH = 6
"""Rows after a window in which its changes may still be heard."""

_BEFORE = (3, 8)  # rows: a press begins up to 0.4 s before it is heard
_AFTER = 2
_LOG_SIZE = (-2.0, 0.6)  # a sample's changes are e^-2 to e^0.6 times the middle size
_LONGEST_RUN = 8  # rows
_CORRELATION = 0.95  # from row to row, at most: from single strokes to a posture that is held
_JOINTS_CHANGED = (0.1, 0.9)  # share of them
_LEAD_ROWS = 0.6  # up to 30 ms


@dataclass(frozen=True)
class Window:
    """Rows ``start`` to ``stop`` of a plan, which change, and what follows up to ``end``."""

    start: int
    stop: int
    end: int


def choose_windows(
    wrong: NDArray[np.bool_], failing: NDArray[np.bool_], rng: np.random.Generator
) -> list[Window]:
    """Windows around failing rows, in order; none reaches into what another one is judged by.

    Args:
        wrong: rows to mend first, shape ``(T,)`` bool.
        failing: all rows to mend, shape ``(T,)`` bool.
        rng: decides which of two close runs of rows has its turn.
    """
    runs = _runs(failing | wrong)
    later = np.array([not wrong[run].any() for run in runs])
    order = np.lexsort((rng.random(len(runs)), later))
    taken = np.zeros(len(wrong), bool)
    windows = []
    for run in (runs[index] for index in order):
        start = max(run.start - int(rng.integers(_BEFORE[0], _BEFORE[1] + 1)), 0)
        stop = min(run.stop + _AFTER, len(wrong))
        window = Window(start, stop, min(stop + AFTERMATH, len(wrong)))
        if not taken[window.start : window.end].any():
            taken[window.start : window.end] = True
            windows.append(window)
    return sorted(windows, key=lambda window: window.start)


def _runs(rows: NDArray[np.bool_]) -> list[slice]:
    """Stretches of neighbouring rows, cut where they get too long to search."""
    runs: list[slice] = []
    for row in np.flatnonzero(rows).tolist():
        if runs and row == runs[-1].stop and row - runs[-1].start < _LONGEST_RUN:
            runs[-1] = slice(runs[-1].start, row + 1)
        else:
            runs.append(slice(row, row + 1))
    return runs


def changes(
    targets: Array,
    windows: Sequence[Window],
    joint_names: Sequence[str],
    n: int,
    rng: np.random.Generator,
) -> Array:
    """Changes to try, zero outside the windows: smooth noise, and the plan itself led or delayed.

    Args:
        targets: joint targets of the plan, shape ``(T, n_joints)``.
        windows: where to change them.
        joint_names: joints in the order of the columns.
        n: number of samples.
        rng: every window of every sample draws its own.

    Returns:
        Shape ``(n, T, n_joints)`` [m for the rail, rad].
    """
    spread = by_kind(joint_names, slide=SPREAD_M, hinge=SPREAD_RAD)
    velocity = np.diff(targets, axis=0, append=targets[-1:])
    velocity[:, [name == PEDAL for name in joint_names]] = 0.0  # the score's, and no key hears it
    tried = np.zeros((n, *targets.shape))
    for window in windows:
        rows = slice(window.start, window.stop)
        shape = (n, window.stop - window.start, len(spread))
        size = np.exp(rng.uniform(*_LOG_SIZE, (n, 1, 1)))
        changed = rng.random((n, 1, len(spread))) < rng.uniform(*_JOINTS_CHANGED, (n, 1, 1))
        lead = rng.uniform(-_LEAD_ROWS, _LEAD_ROWS, (n, 1, 1)) * (rng.random((n, 1, 1)) < 0.5)
        correlation = rng.uniform(0.0, _CORRELATION, (n, 1))
        noise = _smooth(rng.standard_normal(shape), correlation) * spread * size * changed
        tried[:, rows] = noise + lead * velocity[rows]
    return tried


def _smooth(noise: Array, correlation: Array) -> Array:
    """White noise made to follow itself along the rows, of the same variance."""
    fresh = np.sqrt(1.0 - correlation**2)
    for row in range(1, noise.shape[1]):
        noise[:, row] = correlation * noise[:, row - 1] + fresh * noise[:, row]
    return noise

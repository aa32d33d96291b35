"""Onsets: which played note answers which due note, how late, and how fast the whole went."""

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from score.notes import Note

MATCH_WINDOW_S = 0.25
"""A played onset further than this from a due one does not answer it [s]."""

MOST_NOTES = 0.8
"""Share of the notes that must pair by time for the tempo to be near the score's."""


def matched_onsets(due: Sequence[Note], played: Sequence[Note]) -> NDArray[np.float64]:
    """Pair due with played notes of the same pitch, as close in time as possible.

    Per pitch the one-to-one assignment with the smallest sum of squared onset differences, each
    capped at the square of 0.25 s; pairs beyond 0.25 s are left unmatched.

    Args:
        due: Notes of the placed score.
        played: Notes of the performance, score time.

    Returns:
        Array `[n_matched, 2]` of due and played onset [s], sorted by due onset.
    """
    pairs = [_match_pitch(_starts(due, pitch), _starts(played, pitch)) for pitch in _pitches(due)]
    together = np.concatenate([np.empty((0, 2)), *pairs])
    return together[np.argsort(together[:, 0], kind="stable")]


def _pitches(notes: Sequence[Note]) -> list[int]:
    return sorted({note.pitch for note in notes})


def _starts(notes: Sequence[Note], pitch: int) -> NDArray[np.float64]:
    return np.array([note.start_s for note in notes if note.pitch == pitch])


def _match_pitch(due_s: NDArray[np.float64], played_s: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(played_s):
        return np.empty((0, 2))
    # Slow to import, and many who import this package never score a performance.
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    apart_s = np.abs(played_s[np.newaxis, :] - due_s[:, np.newaxis])
    # Squares, because equal sums of plain differences would let pairs cross.
    rows, columns = linear_sum_assignment(np.minimum(apart_s, MATCH_WINDOW_S) ** 2)
    near = apart_s[rows, columns] <= MATCH_WINDOW_S
    return np.column_stack([due_s[rows[near]], played_s[columns[near]]])


def tempo_ratio(due: Sequence[Note], played: Sequence[Note]) -> float | None:
    """How much longer the performance took than the score: 1.1 = ten per cent slower.

    Notes are paired by time where that pairs most of them; otherwise in the order of their
    pitches, so that a performance at another tempo still pairs. The ratio is the median slope
    between pairs half the performance apart (Theil's incomplete method, 1950): a few wrong pairs
    do not move it.

    Args:
        due: Notes of the placed score, sorted by start.
        played: Notes of the performance, sorted by start.

    Returns:
        Real over score duration, or None when fewer than two notes at different times pair.
    """
    onsets = matched_onsets(due, played)
    if len(onsets) < MOST_NOTES * len(due):
        onsets = _paired_in_order(due, played)
    half = len(onsets) // 2
    spans_s = onsets[len(onsets) - half :] - onsets[:half]
    spans_s = spans_s[spans_s[:, 0] > 0.0]
    return float(np.median(spans_s[:, 1] / spans_s[:, 0])) if len(spans_s) else None


def _paired_in_order(due: Sequence[Note], played: Sequence[Note]) -> NDArray[np.float64]:
    """Due and played onsets [s] of notes in the longest runs of equal pitches, `[n, 2]`."""
    order = SequenceMatcher(None, [n.pitch for n in due], [n.pitch for n in played], autojunk=False)
    pairs = [
        (due[block.a + i].start_s, played[block.b + i].start_s)
        for block in order.get_matching_blocks()
        for i in range(block.size)
    ]
    return np.array(pairs).reshape(-1, 2)

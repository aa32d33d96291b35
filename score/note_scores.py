"""Note F1, as the field of music information retrieval computes it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from score.notes import Note


def note_f1(due: Sequence[Note], played: Sequence[Note], onset_tolerance_s: float) -> float:
    """Note F1 by onset and pitch; releases do not count.

    A played note is right when it has the pitch of a due note and starts within the tolerance;
    each counts once (maximum matching). Source: `mir_eval.transcription` with `offset_ratio=None`.

    Args:
        due: Notes of the placed score.
        played: Notes of the performance, score time.
        onset_tolerance_s: Largest onset error that still counts [s].

    Returns:
        0 to 1; 0 when either side has no note, 1 when neither has one.
    """
    if not due or not played:
        return float(not due and not played)
    # Takes a second to import, and many who import this package never score a note.
    from mir_eval import transcription  # noqa: PLC0415

    *_, f1, _ = transcription.precision_recall_f1_overlap(
        *_intervals_and_hertz(due),
        *_intervals_and_hertz(played),
        onset_tolerance=onset_tolerance_s,
        offset_ratio=None,
    )
    return float(f1)


def _intervals_and_hertz(
    notes: Sequence[Note],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    intervals_s = np.array([(note.start_s, note.end_s) for note in notes])
    hertz = 440.0 * 2.0 ** ((np.array([note.pitch for note in notes]) - 69) / 12)
    return intervals_s, hertz

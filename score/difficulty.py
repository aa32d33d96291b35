"""How hard a song is to play, measured on its goals alone: no hand and no policy has a say."""

from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from score.goals import Goals


@dataclass(frozen=True, slots=True)
class Difficulty:
    """Three figures that grow with what the fingers have to do.

    Attributes:
        mean_keys: Keys due at once, mean over the control steps in which any is due.
        onsets_per_s: Presses that begin per second of the song [1/s].
        span_keys: Keys from the lowest to the highest of the hand that has to reach farther
            (12 = an octave), mean over the same steps. Two hands share what is due so that this
            is least, the left one the lower keys.
    """

    mean_keys: float
    onsets_per_s: float
    span_keys: float

    def relative_to(self, most: "Difficulty") -> float:
        """The figure that exceeds a limit by most, as a multiple of it; at most 1 within all.

        Args:
            most: A limit above 0 for each figure.
        """
        return max(ours / limit for ours, limit in zip(astuple(self), astuple(most), strict=True))


def difficulty(goals: Goals) -> Difficulty:
    """Measure a song; one without a note has difficulty 0."""
    chords, steps = np.unique(goals.keys[goals.keys.any(axis=1)], axis=0, return_counts=True)
    onsets_per_s = len(goals.presses) / goals.duration_s
    if not steps.size:
        return Difficulty(0.0, onsets_per_s, 0.0)
    mean_keys = np.average(np.count_nonzero(chords, axis=1), weights=steps)
    span_keys = np.average([_span(chord) for chord in chords], weights=steps)
    return Difficulty(float(mean_keys), onsets_per_s, float(span_keys))


def _span(chord: NDArray[np.bool_]) -> int:
    """Keys that the wider of two hands spans, at the best place to divide a chord."""
    keys = np.flatnonzero(chord)
    if keys.size < 2:
        return 0
    return int(np.maximum(keys[:-1] - keys[0], keys[-1] - keys[1:]).min())

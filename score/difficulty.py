"""How hard a song is to play, measured on its goals alone: no hand and no policy has a say."""

from dataclasses import dataclass

import numpy as np

from score.goals import Goals


@dataclass(frozen=True, slots=True)
class Difficulty:
    """Two figures that grow with what the fingers have to do.

    Attributes:
        mean_keys: Keys due at once, mean over the control steps in which any is due.
        onsets_per_s: Presses that begin per second of the song [1/s].
    """

    mean_keys: float
    onsets_per_s: float

    def within(self, other: "Difficulty") -> bool:
        """Whether neither figure is above the other's."""
        return self.mean_keys <= other.mean_keys and self.onsets_per_s <= other.onsets_per_s


def difficulty(goals: Goals) -> Difficulty:
    """Measure a song; one without a note has difficulty 0."""
    due = np.count_nonzero(goals.keys, axis=1)
    sounding = due[due > 0]
    mean_keys = float(sounding.mean()) if sounding.size else 0.0
    return Difficulty(mean_keys, len(goals.presses) / goals.duration_s)

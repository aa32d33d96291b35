"""Windows of rollouts in random batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from policies.imitation.data import Floats
from policies.imitation.method import Method
from policies.imitation.normaliser import Normaliser
from policies.imitation.sight import Shown


class Windows:
    """Random windows of all rollouts, every control step as likely as any other.

    Before the first step the first observation is repeated; after the last the last action.
    """

    def __init__(self, songs: Sequence[Shown], normaliser: Normaliser, method: Method) -> None:
        self._songs, self._normaliser, self._method = songs, normaliser, method
        steps = [np.prod(song.rollouts.actions.shape[:2]) for song in songs]
        self._ends = np.cumsum(steps)

    def draw(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Observations ``(batch, history, size)`` and actions ``(batch, horizon, size)``."""
        places = rng.integers(0, self._ends[-1], self._method.batch_size)
        owners = np.searchsorted(self._ends, places, side="right")
        found = [self._of_song(song, places[owners == song]) for song in np.unique(owners)]
        observations = np.concatenate([windows[0] for windows in found])
        actions = np.concatenate([windows[1] for windows in found])
        return self._normaliser.observed(observations), self._normaliser.done(actions)

    def _of_song(self, song: int, places: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Windows of one song's rollouts, by where they are among all control steps."""
        shown, method = self._songs[song], self._method
        steps = shown.rollouts.actions.shape[1]
        before = self._ends[song - 1] if song else 0
        rollout, step = (part[:, None] for part in np.divmod(places - before, steps))
        seen = np.clip(step + np.arange(1 - method.history, 1), 0, steps - 1)
        done = np.clip(step - method.lead + np.arange(method.horizon), 0, steps - 1)
        return shown.seen(rollout, seen), shown.done(rollout, step, done)

"""Windows of rollouts in random batches, and what observations and actions are divided by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.imitation.data import Floats, Rollouts
from policies.imitation.method import Method

LIMIT = 8.0
"""Normalised observations are cut off there: what training never saw must not run away."""

_FLOOR = 0.05


@dataclass(frozen=True, eq=False)
class Normaliser:
    """Observations by mean and deviation, actions by their range to [-1, 1].

    Attributes:
        mean: shape ``(observation,)``.
        std: shape ``(observation,)``.
        action_low: shape ``(action,)``.
        action_high: shape ``(action,)``.
    """

    mean: Floats
    std: Floats
    action_low: Floats
    action_high: Floats

    def observed(self, observations: Floats) -> Floats:
        """Normalised observations."""
        return np.clip((observations - self.mean) / self.std, -LIMIT, LIMIT).astype(np.float32)

    def done(self, actions: Floats) -> Floats:
        """Actions in [-1, 1]."""
        width = self.action_high - self.action_low
        scaled = 2.0 * (actions - self.action_low) / width - 1.0
        return np.clip(scaled, -1.0, 1.0).astype(np.float32)

    def actions(self, done: Floats) -> Floats:
        """Servo targets and pedal of actions in [-1, 1]."""
        return self.action_low + 0.5 * (done + 1.0) * (self.action_high - self.action_low)


def fitted(rollouts: Sequence[Rollouts], low: Floats, high: Floats) -> Normaliser:
    """The normaliser of a dataset; a floor keeps rare observations small."""
    mean, square = _moment(rollouts, 1), _moment(rollouts, 2)
    std = np.sqrt(np.maximum(square - mean**2, 0.0)) + _FLOOR
    arrays = (array.astype(np.float32) for array in (mean, std, low, high))
    return Normaliser(*arrays)


def _moment(rollouts: Sequence[Rollouts], power: int) -> NDArray[np.float64]:
    """Mean of a power of the observations, rollout by rollout: all at once may be large."""
    steps = sum(r.actions.shape[0] * r.actions.shape[1] for r in rollouts)
    total = np.zeros(rollouts[0].goals.shape[2] + rollouts[0].states.shape[2])
    for of_song in rollouts:
        for goals, states in zip(of_song.goals, of_song.states, strict=True):
            both = np.concatenate([goals, states], axis=-1).astype(float)
            total += (both**power).sum(axis=0)
    return total / steps


class Windows:
    """Random windows of all rollouts, every control step as likely as any other.

    Before the first step the first observation is repeated; after the last the last action.
    """

    def __init__(
        self, rollouts: Sequence[Rollouts], normaliser: Normaliser, method: Method
    ) -> None:
        self._rollouts, self._normaliser, self._method = rollouts, normaliser, method
        steps = [r.actions.shape[0] * r.actions.shape[1] for r in rollouts]
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
        rollouts, method = self._rollouts[song], self._method
        steps = rollouts.actions.shape[1]
        before = self._ends[song - 1] if song else 0
        rollout, step = (part[:, None] for part in np.divmod(places - before, steps))
        seen = np.clip(step + np.arange(1 - method.history, 1), 0, steps - 1)
        done = np.clip(step - method.lead + np.arange(method.horizon), 0, steps - 1)
        goals, states = rollouts.goals[rollout, seen], rollouts.states[rollout, seen]
        return np.concatenate([goals, states], axis=-1), rollouts.actions[rollout, done]

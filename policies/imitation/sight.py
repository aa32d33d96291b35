"""What of an observation a network is shown, and what its actions are told relative to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from policies.imitation.data import Floats, Rollouts

Keys = NDArray[np.int8]


class Sight(Protocol):
    """Turns observations into what a network sees; leading axes are any number of them.

    Goals are keys and pedal due, ``(..., 979)``; states are keys, pedal, fingertips and joints,
    ``(..., 165)``: together what ``PairEnvironment`` observes.
    """

    def match(self, goals: NDArray[np.generic], states: Floats) -> Keys:
        """What takes too long to find out for every batch, shape ``(..., m)``."""
        ...

    def see(self, goals: NDArray[np.generic], states: Floats, matched: Keys) -> Floats:
        """What the network is shown, shape ``(..., n)``; ``matched`` is what ``match`` said."""
        ...

    def origin(self, states: Floats) -> Floats:
        """What is taken from actions before they are learned, shape ``(..., action)``."""
        ...


class Everything:
    """The observation as it is, and actions as they are."""

    def __init__(self, n_actions: int) -> None:
        """Take how many numbers an action has."""
        self._n_actions = n_actions

    def match(self, goals: NDArray[np.generic], states: Floats) -> Keys:
        """Nothing."""
        return np.zeros((*states.shape[:-1], 0), np.int8)

    def see(self, goals: NDArray[np.generic], states: Floats, matched: Keys) -> Floats:
        """All 1144 numbers."""
        return np.concatenate([goals, states], axis=-1, dtype=np.float32)

    def origin(self, states: Floats) -> Floats:
        """Zeros."""
        return np.zeros((*states.shape[:-1], self._n_actions), np.float32)


@dataclass(frozen=True, eq=False)
class Shown:
    """Rollouts of one song as a network is shown them.

    Attributes:
        rollouts: of the song.
        sight: what is shown of them.
        matched: by ``sight``, for each control step, shape ``(rollouts, steps, m)``.
    """

    rollouts: Rollouts
    sight: Sight
    matched: Keys

    @staticmethod
    def of(rollouts: Rollouts, sight: Sight) -> Shown:
        """Match all that is to be shown."""
        states = rollouts.states
        goals = np.broadcast_to(rollouts.goals, (*states.shape[:2], rollouts.goals.shape[-1]))
        return Shown(rollouts, sight, sight.match(goals, states))

    def seen(self, rollout: NDArray[np.intp], step: NDArray[np.intp]) -> Floats:
        """What is shown of some control steps, shape of the indices and the numbers."""
        goals, states = self.rollouts.goals[step], self.rollouts.states[rollout, step]
        goals = np.broadcast_to(goals, (*states.shape[:-1], goals.shape[-1]))
        return self.sight.see(goals, states, self.matched[rollout, step])

    def done(
        self, rollout: NDArray[np.intp], present: NDArray[np.intp], step: NDArray[np.intp]
    ) -> Floats:
        """Actions of some control steps, as told at ``present`` ones."""
        origin = self.sight.origin(self.rollouts.states[rollout, present])
        actions: Floats = self.rollouts.actions[rollout, step] - origin
        return actions

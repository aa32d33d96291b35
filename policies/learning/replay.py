"""Replay: what environments went through, to learn from again and again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Transitions(NamedTuple):
    """Control steps; arrays of the same leading shape."""

    features: Any
    actions: Any
    rewards: Any
    ended: Any
    following: Any
    """Features after the step; without meaning where an episode ended."""


class Replay:
    """The last steps of ``n`` environments stepped together.

    A ring of rows; a row is one control step of all environments. Features are kept once: what
    follows row r is row r + 1. Memory is taken from the system as rows fill (fresh zeros cost
    nothing until written): 262 features make 1.1 GB of a million steps when full, not 2.2.
    """

    def __init__(self, capacity: int, n: int, feature_size: int, action_size: int) -> None:
        """Make room for ``capacity`` steps of ``n`` environments, all of them together."""
        self._rows = rows = capacity // n + 1
        self._features = np.zeros((rows, n, feature_size), np.float32)
        self._actions = np.zeros((rows, n, action_size), np.float32)
        self._rewards = np.zeros((rows, n), np.float32)
        self._ended = np.zeros((rows, n), np.float32)
        self._complete = np.zeros(rows, bool)
        self._next, self._filled = 0, 0

    @property
    def steps(self) -> int:
        """Steps that can be drawn."""
        return int(self._complete.sum()) * self._rewards.shape[1]

    def append(
        self,
        features: Floats,
        actions: NDArray[Any],
        rewards: NDArray[Any],
        ended: NDArray[np.bool_],
        following: Floats,
    ) -> None:
        """Add one control step of all environments; arrays have the leading axis ``n``."""
        row = self._next
        self._features[row], self._actions[row] = features, actions
        self._rewards[row], self._ended[row] = rewards, ended
        self._complete[row] = True
        self._next = (row + 1) % self._rows
        self._features[self._next] = following
        self._complete[self._next] = False
        self._filled = max(self._filled, row + 1, self._next + 1)

    def cut(self) -> None:
        """Begin all episodes anew: what comes next does not follow what came last."""
        self._next = (self._next + 1) % self._rows
        self._complete[self._next] = False

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Transitions:
        """Steps drawn uniformly with replacement, arrays of the leading ``shape``."""
        complete = np.flatnonzero(self._complete)
        rows = complete[rng.integers(0, len(complete), shape)]
        columns = rng.integers(0, self._rewards.shape[1], shape)
        return Transitions(
            self._features[rows, columns],
            self._actions[rows, columns],
            self._rewards[rows, columns],
            self._ended[rows, columns],
            self._features[(rows + 1) % self._rows, columns],
        )

    def features(self) -> Floats:
        """Features of all steps that can be drawn, shape ``(steps, size)``."""
        return self._features[self._complete].reshape(-1, self._features.shape[2])

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """The content so far, as arrays."""
        so_far = slice(0, self._filled)
        return {
            "features": self._features[so_far],
            "actions": self._actions[so_far],
            "rewards": self._rewards[so_far],
            "ended": self._ended[so_far],
            "complete": self._complete[so_far],
            "next": np.array(self._next),
        }

    @state.setter
    def state(self, state: dict[str, NDArray[Any]]) -> None:
        self._filled = len(state["complete"])
        self._complete[:] = False
        for name, room in (
            ("features", self._features),
            ("actions", self._actions),
            ("rewards", self._rewards),
            ("ended", self._ended),
            ("complete", self._complete),
        ):
            room[: self._filled] = state[name]
        self._next = int(state["next"])

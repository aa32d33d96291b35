"""BC-RNN: behaviour cloning over a window of observations (Mandlekar et al. 2021).

Two LSTM layers of width 400 and sequences of 10 steps, theirs for low-dimensional observations.
We depart in two ways: the head regresses one action (theirs is a mixture of five Gaussians), and
each action is made from the last ten observations from rest, instead of carrying the state and
dropping it every ten steps; acting is then a function of the window, as in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from policies.imitation.networks import (
    Array,
    Arrays,
    Shapes,
    dense,
    dense_shapes,
    lstm,
    lstm_shapes,
)


@dataclass(frozen=True)
class RecurrentCloning:
    """Two LSTM layers with a quadratic loss on every step of the window.

    Attributes:
        width: of each layer.
    """

    width: int = 400
    learning_rate: float = 1e-4
    weight_decay: float = 0.0
    batch_size: int = 100
    history: int = 10

    @property
    def horizon(self) -> int:
        """An action for every observation."""
        return self.history

    @property
    def lead(self) -> int:
        """All actions but the last belong to earlier observations."""
        return self.history - 1

    def shapes(self, observation: int, action: int) -> Shapes:
        """Parameters."""
        first = lstm_shapes("lstm_0", observation, self.width)
        second = lstm_shapes("lstm_1", self.width, self.width)
        return first | second | dense_shapes("head", self.width, action)

    def draw(self, rng: np.random.Generator, batch: int, action: int) -> Arrays:
        """Nothing is random."""
        return {}

    def prepare(self, xp: ModuleType, parameters: Arrays, seen: Array, draws: Arrays) -> Arrays:
        """The draws as they are."""
        return draws

    def loss(
        self, xp: ModuleType, parameters: Arrays, seen: Array, done: Array, draws: Arrays
    ) -> Array:
        """Mean squared error."""
        return ((_outputs(xp, parameters, seen) - done) ** 2).mean()

    def draw_to_act(self, rng: np.random.Generator, batch: int, action: int) -> Arrays:
        """Nothing is random."""
        return {}

    def act(self, xp: ModuleType, parameters: Arrays, seen: Array, draws: Arrays) -> Array:
        """The action after the window, shape ``(batch, 1, action)``."""
        return xp.clip(_outputs(xp, parameters, seen)[:, -1:], -1.0, 1.0)


def _outputs(xp: ModuleType, parameters: Arrays, seen: Array) -> Array:
    hidden = lstm(xp, parameters, "lstm_0", seen)
    return dense(parameters, "head", lstm(xp, parameters, "lstm_1", hidden))

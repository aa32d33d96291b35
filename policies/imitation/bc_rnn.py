"""BC-RNN: behaviour cloning over a window of observations (Mandlekar et al. 2021).

Two LSTM layers of width 400 and sequences of 10 steps, theirs for low-dimensional observations.
We depart in two ways: the head regresses one action (theirs is a mixture of five Gaussians), and
each action is made from the last ten observations from rest, instead of carrying the state and
dropping it every ten steps; acting is then a function of the window, as in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from policies.imitation.networks import (
    Array,
    Arrays,
    Shapes,
    dense,
    dense_shapes,
    lstm,
    lstm_shapes,
)
from policies.imitation.regression import Regression


@dataclass(frozen=True)
class RecurrentCloning(Regression):
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

    def outputs(self, xp: ModuleType, parameters: Arrays, seen: Array) -> Array:
        """An action for every observation."""
        hidden = lstm(xp, parameters, "lstm_0", seen)
        return dense(parameters, "head", lstm(xp, parameters, "lstm_1", hidden))

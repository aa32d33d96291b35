"""What every imitation method offers, so that one loop trains and one player plays them all."""

from __future__ import annotations

from types import ModuleType
from typing import Protocol

import numpy as np

from policies.imitation.networks import Array, Arrays, Shapes


class Method(Protocol):
    """A way to learn actions from observations, both as ``Normaliser`` makes them.

    Randomness comes in as arrays that the host draws, so that NumPy and JAX agree on it.
    """

    @property
    def history(self) -> int:
        """How many observations it sees, the present one last."""
        ...

    @property
    def horizon(self) -> int:
        """How many actions a training window holds."""
        ...

    @property
    def lead(self) -> int:
        """How many of these belong to observations before the present one."""
        ...

    @property
    def learning_rate(self) -> float:
        """Of AdamW."""
        ...

    @property
    def weight_decay(self) -> float:
        """Of AdamW."""
        ...

    @property
    def batch_size(self) -> int:
        """Windows in a gradient step."""
        ...

    def shapes(self, observation: int, action: int) -> Shapes:
        """Parameters for observations and actions of these sizes."""
        ...

    def draw(self, rng: np.random.Generator, batch: int, action: int) -> Arrays:
        """The randomness of one loss."""
        ...

    def prepare(self, xp: ModuleType, parameters: Arrays, seen: Array, draws: Arrays) -> Arrays:
        """What is made of the draws before gradients are taken."""
        ...

    def loss(
        self, xp: ModuleType, parameters: Arrays, seen: Array, done: Array, draws: Arrays
    ) -> Array:
        """A number to minimise.

        Args:
            xp: the array library.
            parameters: as ``shapes`` names them.
            seen: observations, shape ``(batch, history, observation)``.
            done: actions of the demonstrations, shape ``(batch, horizon, action)``.
            draws: as ``prepare`` returned them.
        """
        ...

    def draw_to_act(self, rng: np.random.Generator, batch: int, action: int) -> Arrays:
        """The randomness of one ``act``."""
        ...

    def act(self, xp: ModuleType, parameters: Arrays, seen: Array, draws: Arrays) -> Array:
        """Actions from the present one on, shape ``(batch, steps, action)``, in [-1, 1]."""
        ...

"""What methods that regress actions share: a quadratic loss, and nothing that is random."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from policies.imitation.networks import Array, Arrays


class Regression:
    """Base of methods whose network answers with actions."""

    def outputs(self, xp: ModuleType, parameters: Arrays, seen: Array) -> Array:
        """What the network answers, shape ``(batch, steps, action)``."""
        raise NotImplementedError

    def draw(self, rng: np.random.Generator, batch: int, action: int) -> Arrays:
        """Nothing is random."""
        return {}

    draw_to_act = draw

    def prepare(self, xp: ModuleType, parameters: Arrays, seen: Array, draws: Arrays) -> Arrays:
        """The draws as they are."""
        return draws

    def loss(
        self, xp: ModuleType, parameters: Arrays, seen: Array, done: Array, draws: Arrays
    ) -> Array:
        """Mean squared error."""
        return ((self.outputs(xp, parameters, seen) - done) ** 2).mean()

    def act(self, xp: ModuleType, parameters: Arrays, seen: Array, draws: Arrays) -> Array:
        """The regressed action of the present, shape ``(batch, 1, action)``."""
        return xp.clip(self.outputs(xp, parameters, seen)[:, -1:], -1.0, 1.0)

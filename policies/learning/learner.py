"""What every learning algorithm offers, so that one loop trains them all."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from policies.learning.networks import Layers, Normaliser


class Learner(Protocol):
    """An algorithm with its environments.

    Attributes:
        state: everything that learning changes, a tree of arrays: what a checkpoint holds.
        steps_per_iteration: control steps of one ``iterate``, all environments together.
        squash: how the network's output becomes an action.
    """

    state: Any
    steps_per_iteration: int
    squash: Literal["clip", "tanh"]

    @property
    def normaliser(self) -> Normaliser:
        """Of the features."""
        ...

    def iterate(self) -> dict[str, float]:
        """Play and learn a little; returns figures to log."""
        ...

    def restart(self, seed: int) -> None:
        """Begin all episodes and randomness anew, as after reading a checkpoint."""
        ...

    def act(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The policy's actions without exploration, shape ``(n, action_size)``."""
        ...

    def layers(self) -> Layers:
        """The policy's layers."""
        ...

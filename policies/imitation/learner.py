"""Gradient steps of any method, in JAX."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from policies.imitation.method import Method
from policies.imitation.networks import Array, Arrays, initial
from policies.imitation.windows import Windows

AVERAGE_DECAY = 0.999
"""Of the exponential average of parameters, which is what plays (as Chi et al. 2023 do)."""

State = dict[str, Any]


class ImitationLearner:
    """Fits a method to windows of rollouts.

    Every gradient step draws from a seed made of the training's seed and its own number, so that a
    run taken up from a checkpoint goes on exactly as one that was never stopped.

    Attributes:
        state: parameters, their average, the optimiser's state.
    """

    def __init__(self, method: Method, windows: Windows, sizes: tuple[int, int], seed: int) -> None:
        self._method, self._windows, self._seed, self._action = method, windows, seed, sizes[1]
        self._optimiser = optax.adamw(method.learning_rate, weight_decay=method.weight_decay)
        drawn = initial(method.shapes(*sizes), np.random.default_rng(seed))
        parameters = jax.tree.map(jnp.asarray, drawn)
        self.state: State = {
            "parameters": parameters,
            "average": jax.tree.map(jnp.copy, parameters),
            "optimiser": self._optimiser.init(parameters),
        }
        self._update = jax.jit(partial(update, method, self._optimiser), donate_argnums=0)

    def step(self, number: int) -> float:
        """One gradient step; returns the loss."""
        rng = np.random.default_rng([self._seed, number])
        seen, done = self._windows.draw(rng)
        draws = self._method.draw(rng, len(seen), self._action)
        decay = min(AVERAGE_DECAY, (1 + number) / (10 + number))
        self.state, loss = self._update(self.state, (seen, done, draws), decay)
        return float(loss)

    def parameters(self) -> Arrays:
        """The averaged parameters, as NumPy arrays."""
        return {name: np.asarray(array) for name, array in self.state["average"].items()}


def update(
    method: Method,
    optimiser: optax.GradientTransformation,
    state: State,
    batch: tuple[Array, Array, Arrays],
    decay: float,
) -> tuple[State, Array]:
    """One step of gradient descent and averaging; returns the new state and the loss."""
    before, (seen, done, draws) = state["parameters"], batch
    made = method.prepare(jnp, before, seen, draws)
    loss, slope = jax.value_and_grad(lambda p: method.loss(jnp, p, seen, done, made))(before)
    updates, inner = optimiser.update(slope, state["optimiser"], before)
    after = optax.apply_updates(before, updates)
    average = optax.incremental_update(after, state["average"], 1.0 - decay)
    return {"parameters": after, "average": average, "optimiser": inner}, loss

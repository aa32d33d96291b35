"""Implicit behaviour cloning: an energy of observation and action (Florence et al. 2021).

Trained by InfoNCE (their section 2) against counter-examples that Langevin dynamics moves to where
the energy is low, which they advise for actions of many dimensions (appendix B); acting runs the
same dynamics and takes the sample of least energy. Step sizes fall quadratically from 0.1 to 1e-5
and a step is at most 0.1 of half a range, theirs. Two observations, since one does not tell how
fast the hands are.

We depart so that a machine without a large GPU can train it: 20 Langevin steps (100), 16 chains in
acting (512 in their released configuration for block pushing from states; it has 8 in training,
where we have 16 too), a plain perceptron (residual), batches of 128 (512), and no gradient penalty.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from policies.imitation.networks import Array, Arrays, Shapes, dense, mlp_shapes

STEP_FIRST, STEP_LAST, STEP_POWER = 0.1, 1e-5, 2.0
STEP_LIMIT = 0.1


@dataclass(frozen=True)
class ImplicitCloning:
    """A multilayer perceptron that gives low energy to what was demonstrated.

    Attributes:
        widths: of the hidden layers.
        samples: counter-examples in training, chains in acting.
        steps: of Langevin dynamics.
    """

    widths: tuple[int, ...] = (512, 512)
    samples: int = 16
    steps: int = 20
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    batch_size: int = 128
    history: int = 2
    horizon: int = 1
    lead: int = 0

    def shapes(self, observation: int, action: int) -> Shapes:
        """Parameters."""
        return mlp_shapes(self.history * observation + action, self.widths, 1)

    def draw(self, rng: np.random.Generator, batch: int, action: int) -> Arrays:
        """Where chains start and what shakes them."""
        shape = (batch, self.samples, action)
        start = rng.uniform(-1.0, 1.0, shape).astype(np.float32)
        return {"start": start, "noise": rng.standard_normal((self.steps, *shape), np.float32)}

    def prepare(self, xp: ModuleType, parameters: Arrays, seen: Array, draws: Arrays) -> Arrays:
        """Counter-examples, shape ``(batch, samples, action)``."""
        actions, first = draws["start"], observed(parameters, seen)
        for step in range(self.steps):
            size = _step_size(step, self.steps)
            slope = energy_slope(xp, parameters, first, actions)
            move = size * (0.5 * slope + draws["noise"][step])
            actions = xp.clip(actions - xp.clip(move, -STEP_LIMIT, STEP_LIMIT), -1.0, 1.0)
        return {"actions": actions}

    def loss(
        self, xp: ModuleType, parameters: Arrays, seen: Array, done: Array, draws: Arrays
    ) -> Array:
        """Cross-entropy of telling the demonstration from its counter-examples."""
        actions = xp.concatenate([done, draws["actions"]], axis=1)
        scores = -energy(xp, parameters, observed(parameters, seen), actions)
        most = scores.max(axis=1, keepdims=True)
        total = xp.log(xp.exp(scores - most).sum(axis=1)) + most[:, 0]
        return (total - scores[:, 0]).mean()

    def draw_to_act(self, rng: np.random.Generator, batch: int, action: int) -> Arrays:
        """As in training."""
        return self.draw(rng, batch, action)

    def act(self, xp: ModuleType, parameters: Arrays, seen: Array, draws: Arrays) -> Array:
        """The chain's end of least energy, shape ``(batch, 1, action)``."""
        actions = self.prepare(xp, parameters, seen, draws)["actions"]
        best = energy(xp, parameters, observed(parameters, seen), actions).argmin(axis=1)
        return xp.take_along_axis(actions, best[:, None, None], axis=1)


def observed(parameters: Arrays, seen: Array) -> Array:
    """What observations add to the first layer, shape ``(batch, 1, width)``.

    The same for all chains and all their steps, and most of the work.
    """
    flat = seen.reshape(len(seen), 1, -1)
    return flat @ parameters["dense_0.kernel"][: flat.shape[-1]] + parameters["dense_0.bias"]


def energy(xp: ModuleType, parameters: Arrays, first: Array, actions: Array) -> Array:
    """Energies of actions ``(batch, samples, action)`` at what was ``observed``."""
    hidden = _hidden(xp, parameters, first, actions)[-1]
    return dense(parameters, f"dense_{len(parameters) // 2 - 1}", hidden)[..., 0]


def energy_slope(xp: ModuleType, parameters: Arrays, first: Array, actions: Array) -> Array:
    """The energy's gradient by the actions, shape ``(batch, samples, action)``."""
    hidden = _hidden(xp, parameters, first, actions)
    slope = parameters[f"dense_{len(hidden)}.kernel"][:, 0]
    for index in reversed(range(1, len(hidden))):
        slope = (slope * (hidden[index] > 0)) @ parameters[f"dense_{index}.kernel"].T
    return (slope * (hidden[0] > 0)) @ parameters["dense_0.kernel"][-actions.shape[-1] :].T


def _hidden(xp: ModuleType, parameters: Arrays, first: Array, actions: Array) -> list[Array]:
    """Outputs of all layers but the last."""
    x = first + actions @ parameters["dense_0.kernel"][-actions.shape[-1] :]
    outputs = [xp.maximum(x, 0.0)]
    for index in range(1, len(parameters) // 2 - 1):
        outputs.append(xp.maximum(dense(parameters, f"dense_{index}", outputs[-1]), 0.0))
    return outputs


def _step_size(step: int, steps: int) -> float:
    left = 1.0 - step / max(steps - 1, 1)
    return STEP_LAST + (STEP_FIRST - STEP_LAST) * left**STEP_POWER

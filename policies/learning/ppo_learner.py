"""Proximal policy optimisation (Schulman et al. 2017), wherever the environments are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from policies.features import Actions, Features
from policies.learning.networks import (
    Layers,
    Mlp,
    Normaliser,
    Parameters,
    Samples,
    layers_of,
)
from policies.learning.ppo_config import PpoConfig


class PpoState(NamedTuple):
    """Everything that learning changes."""

    parameters: Any
    optimizer: Any
    normaliser: Normaliser
    key: jax.Array


class Batch(NamedTuple):
    """A rollout, arrays of shape ``(horizon, n_envs, ...)``."""

    features: Any
    actions: Any
    log_probs: Any
    values: Any
    rewards: Any
    ended: Any


NOISE = 0.3
"""Deviation of the actions around the plan in the rollout that the normaliser is fitted to."""


class Environments(Protocol):
    """What PPO asks of environments wherever they are.

    Attributes:
        features: what is seen in them.
        actions: what is done.
    """

    features: Features
    actions: Actions

    @property
    def action_size(self) -> int:
        """Number of joints."""
        ...

    def restart(self, seed: int) -> None:
        """Begin all episodes anew with another seed."""
        ...


class PpoLearner(ABC):
    """The learner: ``iterate`` collects a rollout and learns from it.

    Attributes:
        env: the environments.
        config: hyper-parameters.
        state: everything that learning changes.
        steps_per_iteration: control steps of one ``iterate``, all environments together.
    """

    squash: Literal["clip", "tanh"] = "clip"

    def __init__(self, env: Environments, config: PpoConfig, seed: int) -> None:
        self.env, self.config = env, config
        self.steps_per_iteration = config.n_envs * config.horizon
        self.actor = Mlp(config.widths, env.action_size, config.output_scale)
        self.critic = Mlp(config.widths, 1)
        updates = config.total_steps // self.steps_per_iteration
        updates *= config.epochs * config.minibatches
        rate = optax.linear_schedule(config.learning_rate, 0.1 * config.learning_rate, updates)
        self._optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate))
        self._act, self._update = jax.jit(self._act_on), jax.jit(self._update_on)
        self.state = self._initial(jax.random.key(seed))

    def _initial(self, key: jax.Array) -> PpoState:
        """Fresh networks, and a normaliser fitted to the plan with noise on it."""
        key, actor_key, critic_key, noise_key = jax.random.split(key, 4)
        blank = np.zeros((1, self.env.features.size), np.float32)
        parameters = {  # compiled whole: operation by operation would take a second longer
            "actor": jax.jit(self.actor.init)(actor_key, blank),
            "critic": jax.jit(self.critic.init)(critic_key, blank),
            "log_std": jnp.full(self.env.action_size, self.config.log_std),
        }
        normaliser = Normaliser.fitted(self._sampled(parameters, noise_key))
        return PpoState(parameters, self._optimizer.init(parameters), normaliser, key)

    @abstractmethod
    def _sampled(self, parameters: Parameters, key: jax.Array) -> Samples:
        """Features seen with noise on the plan, shape ``(samples, size)``.

        Args:
            parameters: what learning begins with.
            key: of the noise.
        """

    @abstractmethod
    def _rollout(self) -> tuple[Batch, jax.Array, dict[str, float]]:
        """What happened, the values of where it ended, and figures to log."""

    def restart(self, seed: int) -> None:
        """Begin all episodes and all randomness anew, as after a checkpoint."""
        self.env.restart(seed)
        self.state = self.state._replace(key=jax.random.key(seed))

    def iterate(self) -> dict[str, float]:
        """One rollout and one update; returns means of what happened."""
        batch, last_value, figures = self._rollout()
        key, update_key = jax.random.split(self.state.key)
        state, losses = self._update(self.state._replace(key=key), batch, last_value, update_key)
        self.state = state
        return figures | {name: float(value) for name, value in losses.items()}

    @property
    def normaliser(self) -> Normaliser:
        """Of the features."""
        return self.state.normaliser

    def act(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean actions, shape ``(n, action_size)``."""
        mean, _ = self._act(self.state.parameters, self.state.normaliser, features)
        return np.asarray(mean)

    def layers(self) -> Layers:
        """The actor's layers."""
        return layers_of(self.state.parameters["actor"])

    def _act_on(
        self, parameters: Parameters, normaliser: Normaliser, features: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        x = normaliser(features)
        mean = jnp.asarray(self.actor.apply(parameters["actor"], x))
        return mean, jnp.asarray(self.critic.apply(parameters["critic"], x))[..., 0]

    def _update_on(
        self, state: PpoState, batch: Batch, last_value: jax.Array, key: jax.Array
    ) -> tuple[PpoState, dict[str, jax.Array]]:
        config = self.config
        advantages = gae(batch, last_value, config.discount, config.gae_lambda)
        returns = advantages + batch.values
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-6)
        data = (batch.features, batch.actions, batch.log_probs, advantages, returns)
        data = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), data)

        def minibatch(carry: tuple[Any, Any], rows: jax.Array) -> tuple[Any, Any]:
            parameters, optimizer = carry
            sample = jax.tree.map(lambda x: x[rows], data)
            gradient, losses = jax.grad(self._loss, has_aux=True)(
                parameters, state.normaliser, sample
            )
            change, optimizer = self._optimizer.update(gradient, optimizer, parameters)
            return (optax.apply_updates(parameters, change), optimizer), losses

        keys = jax.random.split(key, config.epochs)
        order = jax.vmap(lambda k: jax.random.permutation(k, data[3].shape[0]))(keys)
        rows = order.reshape(config.epochs * config.minibatches, -1)
        carry = (state.parameters, state.optimizer)
        (parameters, optimizer), losses = jax.lax.scan(minibatch, carry, rows)
        losses = jax.tree.map(lambda x: x[-1], losses)
        return state._replace(parameters=parameters, optimizer=optimizer), losses

    def _loss(
        self, parameters: Parameters, normaliser: Normaliser, sample: tuple[jax.Array, ...]
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Clipped surrogate plus half the squared value error (PPO paper, Eq. 7 and 9)."""
        features, actions, old_log_probs, advantages, returns = sample
        mean, values = self._act_on(parameters, normaliser, features)
        z = (actions - mean) / jnp.exp(parameters["log_std"])
        log_probs = (-0.5 * z**2 - parameters["log_std"]).sum(axis=-1)
        ratio = jnp.exp(log_probs - old_log_probs)
        clipped = jnp.clip(ratio, 1 - self.config.clip, 1 + self.config.clip)
        policy = -jnp.minimum(ratio * advantages, clipped * advantages).mean()
        value = 0.5 * ((values - returns) ** 2).mean()
        divergence = (old_log_probs - log_probs).mean()
        losses = {"loss/policy": policy, "loss/value": value, "loss/divergence": divergence}
        return policy + value, losses


def gae(batch: Batch, last_value: jax.Array, discount: float, lam: float) -> jax.Array:
    """Generalised advantage estimates (Schulman et al. 2016, Eq. 16), ``(horizon, n_envs)``.

    An ended episode has no value beyond its end.
    """
    going = 1.0 - jnp.asarray(batch.ended, jnp.float32)
    following = jnp.concatenate([batch.values[1:], last_value[None]])
    errors = batch.rewards + discount * following * going - batch.values

    def backwards(later: jax.Array, row: tuple[jax.Array, jax.Array]) -> tuple[Any, Any]:
        error, on = row
        advantage = error + discount * lam * on * later
        return advantage, advantage

    _, advantages = jax.lax.scan(
        backwards, jnp.zeros_like(last_value), (errors, going), reverse=True
    )
    return advantages

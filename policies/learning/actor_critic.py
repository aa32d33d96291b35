"""Updates of soft actor-critic with dropout critics, many in one compiled call."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from policies.learning.critics import Actor, Critic, squashed
from policies.learning.droq_config import DroqConfig
from policies.learning.networks import Normaliser, Parameters
from policies.learning.replay import Transitions

Losses = dict[str, jax.Array]


class Minibatch(NamedTuple):
    """What one update learns from; many of them have a leading axis.

    Attributes:
        steps: transitions, ``batch`` of them.
        noise: standard normal, for actions after each step and for actions at it, shape
            ``(2, batch, action_size)``.
        seed: of dropout, uint32.
    """

    steps: Transitions
    noise: Any
    seed: Any


class ActorCritic(NamedTuple):
    """Networks and their optimisers' states."""

    actor: Parameters
    critics: Parameters
    targets: Parameters
    log_temperature: jax.Array
    optimizers: tuple[Any, Any, Any]


def target_values(
    steps: Transitions,
    following: jax.Array,
    log_probs: jax.Array,
    temperature: jax.Array,
    discount: float,
) -> jax.Array:
    """Soft Bellman targets (Hiraoka et al. 2022, Algorithm 2); an ended episode has no future.

    Args:
        steps: ``batch`` of them.
        following: target critics' values of the next actions, shape ``(critics, batch)``.
        log_probs: log densities of the next actions.
        temperature: weight of the entropy.
        discount: per control step.
    """
    soft = following.min(axis=0) - temperature * log_probs
    return jnp.asarray(steps.rewards + discount * (1.0 - steps.ended) * soft)


def temperature_gradient(
    log_temperature: jax.Array, entropy: jax.Array, target: float
) -> jax.Array:
    """Of temperature * (entropy - target) by the logarithm of the temperature."""
    return jnp.exp(log_temperature) * (entropy - target)


@cache
def updates_for(config: DroqConfig, action_size: int) -> Updates:
    """The updates of these hyper-parameters: learners of one process compile them once."""
    return Updates(config, action_size)


class Updates:
    """Soft actor-critic (Haarnoja et al. 2018) with DroQ's critics, as robopianist-rl does it.

    Each update moves critics, target critics, actor and temperature, in this order, on one
    minibatch. Dropout is at work in all three passes through critics; the actor climbs the mean
    of the critics, targets take the least. The target entropy is minus half the number of joints
    (github.com/kevinzakka/robopianist-rl, ``sac.py``).
    """

    def __init__(self, config: DroqConfig, action_size: int) -> None:
        self.config = config
        self.actor = Actor(config.widths, action_size, config.output_scale)
        self.critic = Critic(config.widths, config.dropout)
        self.target_entropy = -0.5 * action_size
        self._action_size = action_size
        self._optimizer = optax.adam(config.learning_rate)
        self.run = jax.jit(self._run)
        self.policy = jax.jit(self._policy)
        self._begin = jax.jit(self._initial, static_argnums=1)

    def initial(self, key: jax.Array, feature_size: int) -> ActorCritic:
        """Fresh networks."""
        return self._begin(key, feature_size)

    def _initial(self, key: jax.Array, feature_size: int) -> ActorCritic:
        actor_key, *keys = jax.random.split(key, self.config.critics + 1)
        features, actions = jnp.zeros((1, feature_size)), jnp.zeros((1, self._action_size))
        actor = self.actor.initial(actor_key, features, self.config.log_std)
        critics = tuple(self.critic.init(k, features, actions) for k in keys)
        temperature = jnp.log(jnp.asarray(self.config.temperature, jnp.float32))
        begin = self._optimizer.init
        optimizers = (begin(actor), begin(critics), begin(temperature))
        return ActorCritic(actor, critics, critics, temperature, optimizers)

    def _policy(
        self, actor: Parameters, normaliser: Normaliser, features: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Mean and log standard deviation of actions before squashing."""
        return self.actor(actor, normaliser(features))

    def _run(
        self, learned: ActorCritic, normaliser: Normaliser, batches: Minibatch
    ) -> tuple[ActorCritic, Losses]:
        """One update for each minibatch along the leading axis; losses are means."""

        def update(learned: ActorCritic, batch: Minibatch) -> tuple[ActorCritic, Losses]:
            return self.update(learned, normaliser, batch)

        learned, losses = jax.lax.scan(update, learned, batches)
        return learned, {name: values.mean() for name, values in losses.items()}

    def update(
        self, learned: ActorCritic, normaliser: Normaliser, batch: Minibatch
    ) -> tuple[ActorCritic, Losses]:
        """One update of everything."""
        steps = batch.steps
        steps = steps._replace(
            features=normaliser(steps.features), following=normaliser(steps.following)
        )
        actor_opt, critic_opt, temperature_opt = learned.optimizers
        goal = self._targets(learned, steps, batch)
        critic_loss, gradient = jax.value_and_grad(self._critic_loss)(
            learned.critics, steps, goal, batch.seed + 1
        )
        critics, critic_opt = self._moved(learned.critics, gradient, critic_opt)
        targets = optax.incremental_update(critics, learned.targets, self.config.soft_update)
        (actor_loss, entropy), gradient = jax.value_and_grad(self._actor_loss, has_aux=True)(
            learned.actor, critics, learned.log_temperature, steps.features, batch
        )
        actor, actor_opt = self._moved(learned.actor, gradient, actor_opt)
        slope = temperature_gradient(learned.log_temperature, entropy, self.target_entropy)
        temperature, temperature_opt = self._moved(learned.log_temperature, slope, temperature_opt)
        losses = {
            "loss/critic": critic_loss,
            "loss/actor": actor_loss,
            "policy/entropy": entropy,
            "policy/temperature": jnp.exp(learned.log_temperature),
            "value/target": goal.mean(),
        }
        optimizers = (actor_opt, critic_opt, temperature_opt)
        return ActorCritic(actor, critics, targets, temperature, optimizers), losses

    def values(
        self,
        critics: Parameters,
        features: jax.Array,
        actions: jax.Array,
        seed: jax.Array | None = None,
    ) -> jax.Array:
        """Values by each critic, shape ``(critics, batch)``, with dropout if there is a seed."""
        apply = self.critic.apply
        seeds = [None if seed is None else seed + (i << 24) for i in range(len(critics))]
        each = zip(critics, seeds, strict=True)
        return jnp.stack([jnp.asarray(apply(c, features, actions, s)) for c, s in each])

    def _targets(self, learned: ActorCritic, steps: Transitions, batch: Minibatch) -> jax.Array:
        mean, log_std = self.actor(learned.actor, steps.following)
        actions, log_probs = squashed(mean, log_std, batch.noise[0])
        following = self.values(learned.targets, steps.following, actions, batch.seed)
        temperature = jnp.exp(learned.log_temperature)
        return target_values(steps, following, log_probs, temperature, self.config.discount)

    def _critic_loss(
        self, critics: Parameters, steps: Transitions, goal: jax.Array, seed: jax.Array
    ) -> jax.Array:
        values = self.values(critics, steps.features, steps.actions, seed)
        return ((values - goal) ** 2).mean()

    def _actor_loss(
        self,
        actor: Parameters,
        critics: Parameters,
        log_temperature: jax.Array,
        features: jax.Array,
        batch: Minibatch,
    ) -> tuple[jax.Array, jax.Array]:
        """Loss, and the entropy of the policy."""
        actions, log_probs = squashed(*self.actor(actor, features), batch.noise[1])
        values = self.values(critics, features, actions, batch.seed + 2).mean(axis=0)
        soft = (jnp.exp(log_temperature) * log_probs - values).mean()
        return soft + self.config.pull * (actions**2).mean(), -log_probs.mean()

    def _moved(self, part: Any, gradient: Any, optimizer: Any) -> tuple[Any, Any]:  # noqa: ANN401
        """A part one Adam step on, and the optimiser's state."""
        change, optimizer = self._optimizer.update(gradient, optimizer, part)
        return optax.apply_updates(part, change), optimizer

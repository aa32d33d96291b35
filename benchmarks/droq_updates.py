"""Measure updates of DroQ against a plain JAX loop, on one core, in one run.

    python benchmarks/droq_updates.py --out runs/benchmarks/droq_updates.json

Both do the same arithmetic with RP1M's hyper-parameters, on transitions of this project's size,
taking turns so that a busy machine slows both. The plain loop is what one writes first (and what
robopianist-rl does): flax's ``Dropout``, critics under ``nn.vmap``, one call of a compiled
update for each minibatch. Ours is ``policies.learning``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

# One core for everything, before JAX counts them.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from policies.learning.actor_critic import Minibatch, Updates
from policies.learning.critics import squashed
from policies.learning.droq_config import DroqConfig
from policies.learning.networks import Normaliser
from policies.learning.replay import Replay
from score import write_whole

FEATURES, JOINTS, STEPS, ENVS = 262, 13, 20_000, 8
CONFIG = DroqConfig(capacity=STEPS)
UPDATES = CONFIG.n_envs * CONFIG.horizon // CONFIG.update_interval


class PlainMlp(nn.Module):
    """Dense, dropout, layer norm, GELU, as flax offers them."""

    outputs: int
    dropout: float = 0.0
    layer_norm: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Map ``(..., inputs)`` to ``(..., outputs)``."""
        for width in CONFIG.widths:
            x = nn.Dense(width)(x)
            if self.dropout:
                x = nn.Dropout(self.dropout, deterministic=False)(x)
            if self.layer_norm:
                x = nn.LayerNorm()(x)
            x = nn.gelu(x)
        return nn.Dense(self.outputs)(x)


class PlainCritic(nn.Module):
    """Value of an action."""

    @nn.compact
    def __call__(self, features: jax.Array, actions: jax.Array) -> jax.Array:
        """Values of shape ``(batch,)``."""
        x = jnp.concatenate([features, actions], axis=-1)
        return PlainMlp(1, CONFIG.dropout, layer_norm=True)(x)[..., 0]


class Plain:
    """The plain loop."""

    def __init__(self) -> None:
        self._actor = PlainMlp(2 * JOINTS)
        both = nn.vmap(
            PlainCritic,
            variable_axes={"params": 0},
            split_rngs={"params": True, "dropout": True},
            in_axes=None,
            axis_size=CONFIG.critics,
        )
        self._critics, self._adam = both(), optax.adam(CONFIG.learning_rate)
        key, x, u = jax.random.key(0), jnp.zeros((1, FEATURES)), jnp.zeros((1, JOINTS))
        actor = self._actor.init(key, x)
        critics = self._critics.init({"params": key, "dropout": key}, x, u)
        learned = (actor, critics, jnp.zeros(()))
        self.state: Any = (*learned, critics, tuple(map(self._adam.init, learned)), key)
        self._update = jax.jit(self._update_on)

    def learn(self, replay: Replay, rng: np.random.Generator) -> None:
        """So many updates, one call each."""
        for _ in range(UPDATES):
            self.state, _ = self._update(self.state, replay.draw(rng, (CONFIG.batch,)))
        jax.block_until_ready(self.state)  # type: ignore[no-untyped-call]

    def _sample(self, actor: Any, features: jax.Array, key: jax.Array) -> Any:  # noqa: ANN401
        outputs = jnp.asarray(self._actor.apply(actor, features))
        mean, log_std = jnp.split(outputs, 2, axis=-1)
        return squashed(mean, jnp.clip(log_std, -20, 2), jax.random.normal(key, mean.shape))

    def _values(self, critics: Any, x: jax.Array, u: jax.Array, key: jax.Array) -> Any:  # noqa: ANN401
        return self._critics.apply(critics, x, u, rngs={"dropout": key})

    def _update_on(self, state: Any, steps: Any) -> Any:  # noqa: ANN401
        actor, critics, log_temperature, targets, optimizers, key = state
        key, *keys = jax.random.split(key, 6)
        actions, log_probs = self._sample(actor, steps.following, keys[0])
        following = self._values(targets, steps.following, actions, keys[1]).min(axis=0)
        soft = following - jnp.exp(log_temperature) * log_probs
        goal = steps.rewards + CONFIG.discount * (1 - steps.ended) * soft

        def critic_loss(critics: Any) -> jax.Array:  # noqa: ANN401
            values = self._values(critics, steps.features, steps.actions, keys[2])
            return ((values - goal) ** 2).mean()

        def actor_loss(actor: Any) -> tuple[jax.Array, jax.Array]:  # noqa: ANN401
            actions, log_probs = self._sample(actor, steps.features, keys[3])
            values = self._values(critics, steps.features, actions, keys[4]).mean(axis=0)
            return (jnp.exp(log_temperature) * log_probs - values).mean(), -log_probs.mean()

        loss, gradient = jax.value_and_grad(critic_loss)(critics)
        critics, critic_opt = self._moved(critics, gradient, optimizers[1])
        targets = optax.incremental_update(critics, targets, CONFIG.soft_update)
        (_, entropy), gradient = jax.value_and_grad(actor_loss, has_aux=True)(actor)
        actor, actor_opt = self._moved(actor, gradient, optimizers[0])
        slope = jnp.exp(log_temperature) * (entropy + 0.5 * JOINTS)
        log_temperature, last_opt = self._moved(log_temperature, slope, optimizers[2])
        optimizers = (actor_opt, critic_opt, last_opt)
        return (actor, critics, log_temperature, targets, optimizers, key), loss

    def _moved(self, part: Any, gradient: Any, optimizer: Any) -> tuple[Any, Any]:  # noqa: ANN401
        change, optimizer = self._adam.update(gradient, optimizer)
        return optax.apply_updates(part, change), optimizer


class Ours:
    """The project's updates."""

    def __init__(self) -> None:
        self._updates = Updates(CONFIG, JOINTS)
        self.state = self._updates.initial(jax.random.key(0), FEATURES)
        self._normaliser = Normaliser(jnp.zeros(FEATURES), jnp.ones(FEATURES))

    def learn(self, replay: Replay, rng: np.random.Generator) -> None:
        """So many updates, in one call."""
        shape = (UPDATES, CONFIG.batch)
        noise = rng.standard_normal((UPDATES, 2, CONFIG.batch, JOINTS), dtype=np.float32)
        seeds = rng.integers(0, 2**32, UPDATES, dtype=np.uint32)
        batches = Minibatch(replay.draw(rng, shape), noise, seeds)
        self.state, _ = self._updates.run(self.state, self._normaliser, batches)
        jax.block_until_ready(self.state)  # type: ignore[no-untyped-call]


def filled_replay(rng: np.random.Generator) -> Replay:
    """Random steps of the size that learning sees."""
    replay = Replay(STEPS, ENVS, FEATURES, JOINTS)
    for _ in range(STEPS // ENVS):
        features = rng.standard_normal((ENVS, FEATURES), dtype=np.float32)
        actions = rng.uniform(-1.0, 1.0, (ENVS, JOINTS))
        replay.append(features, actions, rng.random(ENVS), rng.random(ENVS) < 0.003, features)
    return replay


def seconds(learn: Callable[[Replay, np.random.Generator], None], replay: Replay) -> float:
    """Wall-clock seconds for each update of one round."""
    begun = time.perf_counter()
    learn(replay, np.random.default_rng(1))
    return (time.perf_counter() - begun) / UPDATES


def main() -> None:
    """Parse the command line, measure, print a table and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/droq_updates.json"))
    arguments = parser.parse_args()
    replay = filled_replay(np.random.default_rng(0))
    learners = {"plain": Plain().learn, "ours": Ours().learn}
    for learn in learners.values():
        seconds(learn, replay)  # compiles
    times: dict[str, list[float]] = {name: [] for name in learners}
    for _ in range(arguments.rounds):
        for name, learn in learners.items():
            times[name].append(seconds(learn, replay))
    ratios = [plain / ours for plain, ours in zip(times["plain"], times["ours"], strict=True)]
    figures = {f"{name}_updates_per_s": 1.0 / median(values) for name, values in times.items()}
    figures |= {"ratio": median(ratios), "ratio_low": min(ratios), "ratio_high": max(ratios)}
    for name, value in figures.items():
        print(f"{name:24s} {value:8.2f}")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(arguments.out, json.dumps(figures, indent=2).encode())


if __name__ == "__main__":
    main()

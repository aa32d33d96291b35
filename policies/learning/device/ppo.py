"""PPO whose rollouts and updates are compiled programs: only figures leave the device."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from policies.learning.device.environment import DeviceEnvironment, Episodes
from policies.learning.networks import Normaliser, Parameters, Samples
from policies.learning.ppo_config import PpoConfig
from policies.learning.ppo_learner import NOISE, Batch, PpoLearner
from sim.mjx import room_for

_ROLLOUT = 2
"""Child of an iteration's key that a rollout uses; 0 and 1 are those of the update."""

Rollout = tuple[Batch, jax.Array, dict[str, float]]


class DevicePpo(PpoLearner):
    """PPO in ``DeviceEnvironment``."""

    env: DeviceEnvironment

    def __init__(self, env: DeviceEnvironment, config: PpoConfig, seed: int) -> None:
        self._collect = jax.jit(self._collected, donate_argnames="episodes")
        super().__init__(env, config, seed)

    def restart(self, seed: int) -> None:
        """Begin all episodes and all randomness anew, as after a checkpoint.

        Raises:
            DeviceMemoryError: so many environments do not fit beside those that end.
        """
        with room_for(self.env.n):
            super().restart(seed)

    def iterate(self) -> dict[str, float]:
        """One rollout and one update.

        Raises:
            ContactOverflowError: contacts were dropped for want of room.
            DeviceMemoryError: so many environments do not fit.
        """
        with room_for(self.env.n):
            return super().iterate()

    def _sampled(self, parameters: Parameters, key: jax.Array) -> Samples:
        """Fresh actors stay near the plan, so this is their rollout with other noise."""
        size = self.env.features.size
        loud = parameters | {"log_std": jnp.full(self.env.action_size, jnp.log(NOISE))}
        batch, *_ = self._play(loud, Normaliser(jnp.zeros(size), jnp.ones(size)), key)
        return batch.features.reshape(-1, size)

    def _rollout(self) -> Rollout:
        state = self.state
        key = jax.random.fold_in(state.key, _ROLLOUT)
        return self._play(state.parameters, state.normaliser, key)

    def _play(self, parameters: Parameters, normaliser: Normaliser, key: jax.Array) -> Rollout:
        """Go on with all episodes."""
        env = self.env
        env.episodes, batch, last_value, figures = self._collect(
            parameters, normaliser, key, episodes=env.episodes
        )
        env.check()
        return batch, last_value, {name: float(value) for name, value in figures.items()}

    def _collected(
        self, parameters: Parameters, normaliser: Normaliser, key: jax.Array, episodes: Episodes
    ) -> tuple[Episodes, Batch, jax.Array, dict[str, jax.Array]]:
        log_std = parameters["log_std"]

        def step(
            episodes: Episodes, key: jax.Array
        ) -> tuple[Episodes, tuple[Batch, dict[str, jax.Array]]]:
            action_key, env_key = jax.random.split(key)
            seen = episodes.features
            mean, value = self._act_on(parameters, normaliser, seen)
            z = jax.random.normal(action_key, mean.shape)
            action = mean + jnp.exp(log_std) * z
            log_prob = (-0.5 * z**2 - log_std).sum(axis=-1)
            episodes, told = self.env.step(episodes, action, env_key)
            batch = Batch(seen, action, log_prob, value, told.reward, told.ended)
            return episodes, (batch, jax.tree.map(jnp.mean, told.figures))

        keys = jax.random.split(key, self.config.horizon)
        episodes, (batch, figures) = jax.lax.scan(step, episodes, keys)
        _, last_value = self._act_on(parameters, normaliser, episodes.features)
        return episodes, batch, last_value, jax.tree.map(jnp.mean, figures)

"""DroQ (Hiraoka et al. 2022): soft actor-critic whose critics have dropout and layer norm."""

from __future__ import annotations

from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from policies.learning.actor_critic import Minibatch, updates_for
from policies.learning.droq_config import DroqConfig
from policies.learning.environment import LearningEnvironment
from policies.learning.networks import Layers, Normaliser, layers_of
from policies.learning.replay import Replay

Floats = NDArray[np.float32]


class Droq:
    """The learner: ``iterate`` plays a little and makes the updates that are then due.

    Attributes:
        steps_per_iteration: control steps of one ``iterate``, all environments together.
    """

    squash: Literal["clip", "tanh"] = "tanh"

    def __init__(self, env: LearningEnvironment, config: DroqConfig, seed: int) -> None:
        self.env, self.config = env, config
        self.steps_per_iteration = config.n_envs * config.horizon
        size, joints = env.features.size, env.action_size
        self._updates = updates_for(config, joints)
        self.learned = self._updates.initial(jax.random.key(seed), size)
        self._normaliser = Normaliser(jnp.zeros(size), jnp.ones(size))
        self.replay = Replay(config.capacity, config.n_envs, size, joints)
        self._steps, self._rng = 0, np.random.default_rng(seed)

    @property
    def state(self) -> dict[str, Any]:
        """Everything that learning changes, the replay included."""
        return {
            "learned": self.learned,
            "normaliser": self._normaliser,
            "replay": self.replay.state,
            "steps": np.array(self._steps),
        }

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        self.learned, self._normaliser = state["learned"], state["normaliser"]
        self.replay.state = state["replay"]
        self._steps = int(state["steps"])

    def restart(self, seed: int) -> None:
        """Begin all episodes and all randomness anew, as after a checkpoint."""
        self.env.restart(seed)
        self.replay.cut()
        self._rng = np.random.default_rng(seed)

    @property
    def normaliser(self) -> Normaliser:
        """Of the features."""
        return self._normaliser

    def act(self, features: Floats) -> Floats:
        """Actions without exploration, shape ``(n, action_size)``."""
        mean, _ = self._updates.policy(self.learned.actor, self._normaliser, features)
        return np.tanh(np.asarray(mean))

    def layers(self) -> Layers:
        """The actor's layers, of the last only what makes the mean."""
        *hidden, (kernel, bias) = layers_of(self.learned.actor)
        joints = self.env.action_size
        return (*hidden, (kernel[:, :joints], bias[:joints]))

    def iterate(self) -> dict[str, float]:
        """Play, then learn if the warm-up is over; returns means of what happened."""
        warming_up = self._steps < self.config.warmup_steps
        figures = self._play(warming_up)
        if warming_up and self._steps >= self.config.warmup_steps and self.config.normalise:
            self._normaliser = Normaliser.fitted(self.replay.features())
        return figures if warming_up else figures | self._learn()

    def _play(self, warming_up: bool) -> dict[str, float]:
        env, f1 = self.env, []
        terms: list[dict[str, float]] = []
        for _ in range(self.config.horizon):
            features = env.observations.copy()
            actions = self._random() if warming_up else self._explore(features)
            following, reward, ended = env.step(actions)
            self.replay.append(features, actions, reward, ended, following)
            f1.append(env.frame_f1.mean())
            terms.append({name: term.mean() for name, term in env.reward_terms.items()})
        self._steps += self.steps_per_iteration
        figures = {f"reward/{name}": float(np.mean([t[name] for t in terms])) for name in terms[0]}
        return figures | {"train/frame_f1": float(np.mean(f1))}

    def _random(self) -> Floats:
        reach, shape = self.config.warmup_range, (self.env.n, self.env.action_size)
        return self._rng.uniform(-reach, reach, shape).astype(np.float32)

    def _explore(self, features: Floats) -> Floats:
        mean, log_std = self._updates.policy(self.learned.actor, self._normaliser, features)
        noise = self._rng.standard_normal(mean.shape, dtype=np.float32)
        return np.tanh(np.asarray(mean) + np.exp(np.asarray(log_std)) * noise)

    def _learn(self) -> dict[str, float]:
        batches = self.draw(self.steps_per_iteration // self.config.update_interval)
        self.learned, losses = self._updates.run(self.learned, self._normaliser, batches)
        return {name: float(value) for name, value in losses.items()}

    def draw(self, updates: int) -> Minibatch:
        """Minibatches for so many updates."""
        rng, shape = self._rng, (updates, self.config.batch)
        noise = (updates, 2, self.config.batch, self.env.action_size)
        return Minibatch(
            self.replay.draw(rng, shape),
            rng.standard_normal(noise, dtype=np.float32),
            rng.integers(0, 2**32, updates, dtype=np.uint32),
        )

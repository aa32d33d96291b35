"""PPO on corrections of a plan or from scratch: NumPy plays, JAX learns."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from policies.learning.environment import LearningEnvironment
from policies.learning.networks import Parameters, Samples
from policies.learning.ppo_config import PpoConfig
from policies.learning.ppo_learner import NOISE, Batch, PpoLearner


class Ppo(PpoLearner):
    """PPO in ``LearningEnvironment``."""

    env: LearningEnvironment

    def __init__(self, env: LearningEnvironment, config: PpoConfig, seed: int) -> None:
        super().__init__(env, config, seed)

    def _sampled(self, parameters: Parameters, key: jax.Array) -> Samples:
        env, samples = self.env, []
        noise = np.random.default_rng(int(jax.random.randint(key, (), 0, 2**31 - 1)))
        for _ in range(40):
            samples.append(env.observations.copy())
            env.step(NOISE * noise.standard_normal((env.n, env.action_size)))
        return np.concatenate(samples)

    def _rollout(self) -> tuple[Batch, jax.Array, dict[str, float]]:
        env, state = self.env, self.state
        log_std = np.asarray(state.parameters["log_std"])
        noise = np.random.default_rng(np.asarray(jax.random.key_data(state.key)))
        rows: list[tuple[Any, ...]] = []
        f1, terms = [], []
        for _ in range(self.config.horizon):
            features = env.observations.copy()
            mean, value = self._act(state.parameters, state.normaliser, features)
            z = noise.standard_normal(mean.shape, dtype=np.float32)
            action = np.asarray(mean) + np.exp(log_std) * z
            log_prob = (-0.5 * z**2 - log_std).sum(axis=-1)
            _, reward, ended = env.step(action)
            rows.append((features, action, log_prob, value, reward.astype(np.float32), ended))
            f1.append(env.frame_f1.mean())
            terms.append({name: term.mean() for name, term in env.reward_terms.items()})
        _, last_value = self._act(state.parameters, state.normaliser, env.observations)
        batch = Batch(*(np.stack(column) for column in zip(*rows, strict=True)))
        figures = {f"reward/{name}": float(np.mean([t[name] for t in terms])) for name in terms[0]}
        return batch, last_value, figures | {"train/frame_f1": float(np.mean(f1))}

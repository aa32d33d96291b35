"""PPO's update rule against closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from policies.learning.networks import Normaliser
from policies.learning.ppo import Ppo
from policies.learning.ppo_learner import Batch, gae
from tests.learning.small import CONFIG, learner

Differentiate: TypeAlias = Callable[[float, float], tuple[Any, dict[str, Any]]]


def rollout(rewards: list[float], values: list[float], ended: list[bool]) -> Batch:
    column = [np.array(row, np.float32)[:, None] for row in (rewards, values)]
    empty = np.zeros((len(rewards), 1, 1), np.float32)
    return Batch(empty, empty, empty[..., 0], column[1], column[0], np.array(ended)[:, None])


def test_advantages_of_a_case_worked_out_by_hand() -> None:
    batch = rollout([1.0, 2.0, 4.0], [0.5, 1.0, 2.0], [False, False, False])
    # errors: 1 + 0.5*1 - 0.5 = 1; 2 + 0.5*2 - 1 = 2; 4 + 0.5*6 - 2 = 5
    advantages = gae(batch, jnp.array([6.0]), discount=0.5, lam=0.5)
    # 5; 2 + 0.25*5 = 3.25; 1 + 0.25*3.25 = 1.8125
    np.testing.assert_allclose(np.asarray(advantages)[:, 0], [1.8125, 3.25, 5.0], rtol=1e-6)


def test_nothing_counts_beyond_the_end_of_an_episode() -> None:
    batch = rollout([1.0, 2.0, 4.0], [0.5, 1.0, 2.0], [False, True, False])
    advantages = gae(batch, jnp.array([6.0]), discount=0.5, lam=0.5)
    # 5; 2 - 1 = 1; 1 + 0.25*1 = 1.25
    np.testing.assert_allclose(np.asarray(advantages)[:, 0], [1.25, 1.0, 5.0], rtol=1e-6)


def test_advantages_with_lambda_one_are_returns_less_values() -> None:
    rng = np.random.default_rng(0)
    rewards, values = rng.normal(size=(2, 5)).astype(np.float32)
    batch = rollout(rewards.tolist(), values.tolist(), [False] * 5)
    advantages = np.asarray(gae(batch, jnp.array([0.3]), discount=0.9, lam=1.0))[:, 0]
    following, returns = 0.3, []
    for reward in rewards[::-1]:
        following = reward + 0.9 * following
        returns.append(following)
    np.testing.assert_allclose(advantages, np.array(returns[::-1]) - values, rtol=1e-5)


@pytest.fixture(scope="module")
def ppo() -> Ppo:
    return learner()


@pytest.fixture(scope="module")
def differentiate(ppo: Ppo) -> Differentiate:
    """Gradient and losses of one sample, by its ratio and its advantage.

    The networks are all bias: means 0.5, value 2, deviations 1; the return is 3.
    """
    parameters = jax.tree.map(np.zeros_like, ppo.state.parameters)
    parameters["actor"]["params"]["Dense_2"]["bias"] += np.float32(0.5)
    parameters["critic"]["params"]["Dense_2"]["bias"] += np.float32(2.0)
    size, gradient = ppo.env.features.size, jax.jit(jax.grad(ppo._loss, has_aux=True))
    normaliser = Normaliser(jnp.zeros(size), jnp.ones(size))
    action = np.full((1, ppo.env.action_size), 0.5)
    action[0, 0] = 1.5  # one deviation off in the first joint: log density -0.5

    def at(ratio: float, advantage: float) -> tuple[Any, dict[str, Any]]:
        old = [-0.5 - np.log(ratio)]
        sample = (np.zeros((1, size)), action, old, [advantage], [3.0])
        plain = tuple(np.asarray(part, np.float32) for part in sample)
        return gradient(parameters, normaliser, plain)

    return at


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "slope"),
    [
        (1.0, 2.0, -2.0, -2.0),  # -advantage * ratio; slope: times d log density / d mean = 1
        (1.5, 2.0, -2.4, 0.0),  # clipped at 1.2: nothing more to gain
        (1.5, -2.0, 3.0, 3.0),  # a mistake made likelier is never clipped
        (0.5, -2.0, 1.6, 0.0),  # clipped at 0.8
        (0.5, 2.0, -1.0, -1.0),
    ],
)
def test_clipped_surrogate(
    differentiate: Differentiate, ratio: float, advantage: float, loss: float, slope: float
) -> None:
    gradient, losses = differentiate(ratio, advantage)
    assert losses["loss/policy"] == pytest.approx(loss, rel=1e-5)
    assert losses["loss/divergence"] == pytest.approx(-np.log(ratio), abs=1e-6)
    means = gradient["actor"]["params"]["Dense_2"]["bias"]
    np.testing.assert_allclose(means, [slope] + [0.0] * (len(means) - 1), atol=1e-5)
    # d log density / d log deviation = z^2 - 1: 0 for the first joint, -1 for the others
    deviations = gradient["log_std"]
    np.testing.assert_allclose(deviations, [0.0] + [-slope] * (len(means) - 1), atol=1e-5)


def test_value_loss_is_half_the_squared_error(differentiate: Differentiate) -> None:
    gradient, losses = differentiate(1.0, 0.0)
    assert losses["loss/value"] == pytest.approx(0.5)  # value 2, return 3
    assert gradient["critic"]["params"]["Dense_2"]["bias"][0] == pytest.approx(-1.0)


def test_an_update_makes_what_paid_likelier(ppo: Ppo) -> None:
    rng, size = np.random.default_rng(0), ppo.env.features.size
    shape = (CONFIG.horizon, CONFIG.n_envs)
    features = np.zeros((*shape, size), np.float32)
    before = ppo.act(features[0])
    actions = before + rng.normal(0, 0.3, (*shape, ppo.env.action_size)).astype(np.float32)
    z = (actions - before) / np.exp(CONFIG.log_std)
    log_probs = (-0.5 * z**2 - CONFIG.log_std).sum(axis=-1)
    rewards = np.sign(actions[..., 0] - before[:, 0]).astype(np.float32)  # up pays
    batch = Batch(features, actions, log_probs, np.zeros(shape), rewards, np.ones(shape, bool))
    state, _ = ppo._update(ppo.state, batch, np.zeros(CONFIG.n_envs), jax.random.key(0))
    after, _ = ppo._act(state.parameters, state.normaliser, features[0])
    assert (np.asarray(after)[:, 0] > before[:, 0]).all()


def test_the_first_policy_stays_at_the_plan(ppo: Ppo) -> None:
    assert np.abs(ppo.act(ppo.env.observations)).max() < 0.1


def test_the_seed_decides_everything() -> None:
    runs = [learner(seed=seed) for seed in (3, 3, 4)]
    figures = [[run.iterate() for _ in range(2)] for run in runs]
    assert figures[0] == figures[1] != figures[2]
    assert {"reward/due", "reward/fingering", "train/frame_f1", "loss/policy"} <= set(figures[0][0])
    first, second, other = (np.concatenate([k.ravel() for k, _ in r.layers()]) for r in runs)
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()

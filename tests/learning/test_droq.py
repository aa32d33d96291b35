"""DroQ's update rules against closed forms, and a small learner."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from policies.learning.actor_critic import (
    ActorCritic,
    Minibatch,
    Updates,
    target_values,
    temperature_gradient,
)
from policies.learning.critics import Critic, drop, squashed
from policies.learning.droq import Droq
from policies.learning.droq_config import DroqConfig
from policies.learning.networks import Normaliser
from policies.learning.replay import Transitions
from policies.learning.run_files import RunFiles
from tests.learning.small import RIG, bad_plan, environment, three_notes
from tests.unit.playing import nominal_model

CONFIG = DroqConfig(
    n_envs=2,
    horizon=4,
    warmup_steps=8,
    capacity=64,
    batch=4,
    widths=(6,),
    dropout=0.1,
    pull=0.5,
    normalise=True,
)
SIZE, JOINTS = 3, 2


def droq(seed: int = 0) -> Droq:
    env = environment(nominal_model(RIG), three_notes(), bad_plan(), CONFIG.n_envs, seed=seed)
    return Droq(env, CONFIG, seed)


def flat(tree: object) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


# Targets, temperature, soft update


def test_targets_worked_out_by_hand() -> None:
    steps = Transitions(None, None, jnp.array([1.0, 1.0]), jnp.array([0.0, 1.0]), None)
    following = jnp.array([[4.0, 4.0], [3.0, 9.0]])
    values = target_values(steps, following, jnp.array([-2.0, -2.0]), jnp.array(0.5), 0.8)
    # 1 + 0.8 * (min(4, 3) - 0.5 * -2) = 4.2; an ended song has no future
    np.testing.assert_allclose(values, [4.2, 1.0], rtol=1e-6)


def test_temperature_rises_when_the_policy_is_too_sure() -> None:
    log_temperature = jnp.log(jnp.array(0.2))
    too_sure = temperature_gradient(log_temperature, jnp.array(-9.0), target=-6.5)
    too_random = temperature_gradient(log_temperature, jnp.array(-4.0), target=-6.5)
    assert too_sure == pytest.approx(0.2 * -2.5)  # descent: the temperature rises
    assert too_random == pytest.approx(0.2 * 2.5)


@pytest.fixture(scope="module")
def updates() -> Updates:
    return Updates(CONFIG, JOINTS)


@pytest.fixture(scope="module")
def learned(updates: Updates) -> ActorCritic:
    return updates.initial(jax.random.key(0), SIZE)


@pytest.fixture(scope="module")
def plain() -> Normaliser:
    return Normaliser(jnp.zeros(SIZE), jnp.ones(SIZE))


def minibatches(count: int, rewards: float = 1.0) -> Minibatch:
    rng, shape = np.random.default_rng(0), (count, CONFIG.batch)
    steps = Transitions(
        rng.normal(size=(*shape, SIZE)).astype(np.float32),
        rng.uniform(-1, 1, (*shape, JOINTS)).astype(np.float32),
        np.full(shape, rewards, np.float32),
        np.ones(shape, np.float32),
        rng.normal(size=(*shape, SIZE)).astype(np.float32),
    )
    noise = rng.normal(size=(count, 2, CONFIG.batch, JOINTS)).astype(np.float32)
    return Minibatch(steps, noise, np.arange(count, dtype=np.uint32))


@pytest.fixture(scope="module")
def once(
    updates: Updates, learned: ActorCritic, plain: Normaliser
) -> tuple[ActorCritic, dict[str, jax.Array]]:
    return updates.run(learned, plain, minibatches(1))


def test_targets_follow_critics_softly(
    learned: ActorCritic, once: tuple[ActorCritic, dict[str, jax.Array]]
) -> None:
    after = once[0]
    expected = 0.05 * flat(after.critics) + 0.95 * flat(learned.targets)
    np.testing.assert_allclose(flat(after.targets), expected, rtol=1e-5, atol=1e-7)
    assert np.abs(flat(after.targets) - flat(learned.targets)).max() > 1e-6


def test_the_first_adam_step_of_the_temperature_has_the_size_of_the_learning_rate(
    learned: ActorCritic, once: tuple[ActorCritic, dict[str, jax.Array]], updates: Updates
) -> None:
    after, losses = once
    assert updates.target_entropy == -0.5 * JOINTS
    sign = np.sign(float(losses["policy/entropy"]) - updates.target_entropy)
    change = float(after.log_temperature - learned.log_temperature)
    assert change == pytest.approx(-sign * CONFIG.learning_rate, rel=1e-3)


def test_many_updates_in_one_call_are_single_updates_in_turn(
    updates: Updates, learned: ActorCritic, plain: Normaliser
) -> None:
    batches = minibatches(3)
    together, _ = updates.run(learned, plain, batches)
    in_turn = learned
    for index in range(3):
        one = jax.tree.map(lambda x, i=index: x[i : i + 1], batches)
        in_turn, _ = updates.run(in_turn, plain, one)
    np.testing.assert_allclose(flat(together), flat(in_turn), rtol=1e-5, atol=1e-6)


def test_critics_learn_the_value_of_a_last_step(updates: Updates, plain: Normaliser) -> None:
    learned = updates.initial(jax.random.key(1), SIZE)
    errors = []
    for _ in range(2):
        learned, losses = updates.run(learned, plain, minibatches(3, rewards=2.0))
        assert losses["value/target"] == pytest.approx(2.0)
        errors.append(float(losses["loss/critic"]))
    assert errors[1] < errors[0]


def test_the_actor_climbs_the_mean_of_the_critics_and_stays_small(
    updates: Updates, learned: ActorCritic
) -> None:
    critics, batch = learned.critics, jax.tree.map(lambda x: x[0], minibatches(1))
    x = jnp.asarray(batch.steps.features)
    loss, entropy = jax.jit(updates._actor_loss)(
        learned.actor, critics, jnp.log(jnp.array(0.5)), x, batch
    )
    mean, log_std = jax.jit(updates.actor)(learned.actor, x)
    actions, log_probs = squashed(mean, log_std, batch.noise[1])
    values = jax.jit(updates.values)(critics, x, actions, batch.seed + 2)
    assert values.shape == (CONFIG.critics, CONFIG.batch)
    assert entropy == pytest.approx(-float(log_probs.mean()), rel=1e-5)
    soft = float((0.5 * log_probs - values.mean(axis=0)).mean())
    assert loss == pytest.approx(soft + 0.5 * float((actions**2).mean()), rel=1e-5)


# The squashed Gaussian


@pytest.mark.parametrize(("mean", "std"), [(0.0, 0.5), (0.8, 0.3), (-0.5, 1.0)])
def test_density_of_actions_integrates_to_one(mean: float, std: float) -> None:
    actions = np.linspace(-0.999999, 0.999999, 20001)
    noise = (np.arctanh(actions) - mean) / std
    _, log_probs = squashed(
        jnp.asarray(mean), jnp.log(jnp.asarray(std)), jnp.asarray(noise[:, None])
    )
    assert integrate.trapezoid(np.exp(log_probs), actions) == pytest.approx(1.0, abs=2e-3)


def test_log_density_at_the_edge_stays_finite_and_right() -> None:
    action, log_prob = squashed(jnp.array([9.0]), jnp.array([0.0]), jnp.array([0.0]))
    assert action[0] == pytest.approx(1.0)
    # log N(0) - log(1 - tanh(9)^2), with 1 - tanh(u)^2 = 1 / cosh(u)^2
    expected = -0.5 * np.log(2 * np.pi) + 2 * np.log(np.cosh(9.0))
    assert log_prob == pytest.approx(expected, rel=1e-5)


def test_log_densities_of_joints_add_up() -> None:
    mean, log_std, noise = jnp.array([0.1, -0.4]), jnp.array([-1.0, 0.2]), jnp.array([0.5, -1.5])
    _, both = squashed(mean, log_std, noise)
    each = [
        float(squashed(mean[i : i + 1], log_std[i : i + 1], noise[i : i + 1])[1]) for i in (0, 1)
    ]
    assert both == pytest.approx(sum(each), rel=1e-5)


# Dropout and layer norm


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    x = jnp.ones((500, 200))
    dropped = np.asarray(drop(x, 0.1, jnp.uint32(5)))
    assert set(np.unique(dropped)) == {np.float32(0.0), np.float32(1.0) / np.float32(0.9)}
    share = (
        (dropped == 0).mean(),
        (dropped == 0).mean(axis=0).std(),
        (dropped == 0).mean(axis=1).std(),
    )
    # binomial: deviations of 0.00095 overall, 0.0134 of columns, 0.0212 of rows
    assert share[0] == pytest.approx(0.1, abs=0.004)
    assert share[1] == pytest.approx(0.0134, rel=0.25)
    assert share[2] == pytest.approx(0.0212, rel=0.25)


def test_dropout_of_neighbouring_seeds_and_layers_is_independent() -> None:
    x = jnp.ones((300, 300))
    masks = [np.asarray(drop(x, 0.5, jnp.uint32(s))).ravel() > 0 for s in (0, 1, 2, 0x51ED270B)]
    correlation = np.corrcoef(masks) - np.eye(4)
    assert np.abs(correlation).max() < 0.02  # deviation 1 / 300


def test_dropout_works_in_training_and_rests_in_evaluation() -> None:
    critic = Critic((8,), 0.5)
    x, u = jnp.ones((1, SIZE)), jnp.zeros((1, JOINTS))
    parameters = jax.jit(critic.init)(jax.random.key(0), x, u)
    apply = jax.jit(critic.apply)
    at_rest = [apply(parameters, x, u) for _ in range(2)]
    at_work = [float(apply(parameters, x, u, jnp.uint32(s))[0]) for s in range(5)]
    assert at_rest[0] == at_rest[1]
    assert len(set(at_work)) > 2


def test_layer_norm_forgets_the_scale_of_its_inputs() -> None:
    critic = Critic((8,), 0.0)
    x, u = jnp.ones((1, SIZE)), jnp.full((1, JOINTS), 0.5)
    parameters = jax.jit(critic.init)(jax.random.key(0), x, u)
    values = [float(critic.apply(parameters, s * x, s * u)[0]) for s in (1.0, 100.0)]
    assert values[0] == pytest.approx(values[1], rel=1e-3)  # exact but for layer norm's epsilon


# The learner


def test_the_seed_decides_everything() -> None:
    runs = [droq(seed) for seed in (3, 3, 4)]
    figures = [[run.iterate() for _ in range(2)] for run in runs]
    assert figures[0] == figures[1] != figures[2]
    assert "loss/critic" not in figures[0][0]  # the warm-up only plays
    assert {"loss/critic", "reward/due", "train/frame_f1"} <= set(figures[0][1])
    first, second, other = (flat(run.learned) for run in runs)
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_an_interrupted_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, files = droq(), RunFiles(tmp_path, {})
    for _ in range(3):
        whole.iterate()
    files.save(whole.state, {})
    taken_up = droq(seed=9)
    found = files.load(taken_up.state, {})
    files.close()
    assert found is not None
    taken_up.state = found[0]
    for run in (whole, taken_up):
        run.restart(7)
        for _ in range(2):
            run.iterate()
    np.testing.assert_array_equal(flat(whole.learned), flat(taken_up.learned))
    np.testing.assert_array_equal(whole.replay.features(), taken_up.replay.features())
    assert (
        whole.act(whole.env.observations).tolist() == taken_up.act(whole.env.observations).tolist()
    )


def test_exported_layers_act_like_the_learner() -> None:
    run = droq()
    run.iterate()
    assert (np.asarray(run.normaliser.std) != 1.0).any()  # fitted to the warm-up
    features = run.env.observations
    x = np.clip((features - run.normaliser.mean) / run.normaliser.std, -8, 8)
    *hidden, last = run.layers()
    for kernel, bias in hidden:
        x = np.asarray(jax.nn.gelu(x @ kernel + bias))
    actions = np.tanh(x @ last[0] + last[1])
    assert actions.shape == (CONFIG.n_envs, run.env.action_size)
    np.testing.assert_allclose(run.act(features), actions, atol=1e-5)

"""Playing with a bundle: the network by hand and by JAX, the past, and what does not fit."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from policies import (
    BundleError,
    PolicyError,
    choose_policy,
    known_delay_s,
    load_policy,
    make_plan,
)
from policies.bundle import Bundle, BundlePolicy, check_bundle, write_bundle
from policies.bundle.runtime import Network
from policies.features import HISTORY, Actions, Features
from policies.policy import Observation
from score import CONTROL_STEP_S, Goals
from sim import BatchedEnvironment, Environment

from .bundles import goals_of, model_of, small_bundle

ROOT = Path(__file__).resolve().parents[3]


def by_hand(bundle: Bundle, features: NDArray[Any]) -> NDArray[np.float64]:
    """The network as its definition reads, in double precision."""
    x = np.clip((features - bundle.mean.astype(float)) / bundle.std, -8, 8)
    for index, (kernel, bias) in enumerate(bundle.layers):
        x = x @ kernel.astype(float) + bias
        if index < len(bundle.layers) - 1:
            x = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return np.tanh(x) if bundle.squash == "tanh" else np.clip(x, -1, 1)


def samples(bundle: Bundle) -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(0, 3, (50, bundle.mean.size)).astype(np.float32)


@pytest.mark.parametrize("squash", ["clip", "tanh"])
def test_the_network_is_its_definition(squash: Literal["clip", "tanh"]) -> None:
    bundle = replace(small_bundle(), squash=squash)
    network, seen = Network(bundle), samples(bundle)
    answers = np.array([network(row).copy() for row in seen])
    np.testing.assert_allclose(answers, [by_hand(bundle, row) for row in seen], atol=1e-5)
    assert np.abs(answers).max() > 0.5


def test_a_network_small_enough_to_compute() -> None:
    """One feature of weight 2 on joint 0: (3 - 1)/4 gives gelu(0.5) = 0.345714, twice that."""
    bundle = small_bundle()
    size, n = bundle.mean.size, len(bundle.joint_names)
    first, last = np.zeros((size, 1), np.float32), np.zeros((1, n), np.float32)
    first[0], last[0, 0] = 1.0, 2.0
    layers = (first, np.zeros(1, np.float32)), (last, np.full(n, -0.25, np.float32))
    mean, std = np.ones(size, np.float32), np.full(size, 4, np.float32)
    network = Network(replace(bundle, layers=layers, mean=mean, std=std))
    action = network(np.full(size, 3, np.float32))
    np.testing.assert_allclose(action[:2], [2 * 0.34571400 - 0.25, -0.25], atol=1e-6)


def test_the_network_is_the_trainers() -> None:
    jax = pytest.importorskip("jax")
    networks = pytest.importorskip("policies.learning.networks")
    bundle = small_bundle()
    mlp = networks.Mlp((128, 128), len(bundle.joint_names), 0.3)
    seen = samples(bundle)
    parameters = jax.jit(mlp.init)(jax.random.key(0), seen)
    normaliser = networks.Normaliser.fitted(seen)
    forward = jax.jit(lambda features: mlp.apply(parameters, normaliser(features)))
    theirs = np.clip(np.asarray(forward(seen)), -1, 1)
    mean, std = np.asarray(normaliser.mean), np.asarray(normaliser.std)
    exported = replace(bundle, layers=networks.layers_of(parameters), mean=mean, std=std)
    network = Network(exported)
    np.testing.assert_allclose([network(row).copy() for row in seen], theirs, atol=1e-6)


def play(policy: BundlePolicy, goals: Goals) -> tuple[list[Observation], NDArray[np.float64]]:
    environment = Environment(model_of(), goals, policy.start)
    step, seen, targets = environment.reset(), [], []
    while not step.last():
        seen.append(step.observation)
        targets.append(policy(step.observation))
        step = environment.step(targets[-1])
    return seen, np.array(targets)


def test_it_plays_as_a_batch_of_one_does() -> None:
    """The trainer's way: features of a batch, a shifted history, targets of the batch's rows."""
    bundle, goals = small_bundle(), goals_of()
    policy = BundlePolicy(bundle)
    _, targets = play(policy, goals)
    batch = BatchedEnvironment(model_of(), goals, 1, policy.start, 1)
    features, actions = Features(bundle.part), Actions(bundle.part, bundle.joint_names, True)
    past = np.zeros((1, HISTORY, model_of().n_joints))
    out = np.zeros((1, features.size), np.float32)
    for step in range(goals.n_steps):
        action = by_hand(bundle, features(batch.observation, past, out)[0])
        expected = actions.targets(action[None], batch.step_index)
        np.testing.assert_allclose(targets[step], expected[0], atol=1e-5, err_msg=str(step))
        past = np.concatenate([action[None, None], past[:, :-1]], axis=1)
        batch.step(targets[step][None])


def test_a_song_played_again_is_the_same_song() -> None:
    policy = BundlePolicy(small_bundle())
    _, first = play(policy, goals_of())
    _, second = play(policy, goals_of())
    np.testing.assert_array_equal(first, second)


def test_going_back_forgets_the_past() -> None:
    seen, _ = play(BundlePolicy(small_bundle()), goals_of())
    policy, fresh = BundlePolicy(small_bundle()), BundlePolicy(small_bundle())
    policy(seen[8])
    policy(seen[9])
    np.testing.assert_array_equal(policy(seen[4]), fresh(seen[4]))


def test_the_past_goes_by_score_time() -> None:
    """Twice in one step answers twice the same; a missed step is one of the action before."""
    policy, other = BundlePolicy(small_bundle()), BundlePolicy(small_bundle())
    seen, _ = play(BundlePolicy(small_bundle()), goals_of())
    for step in range(3):
        for _ in range(2):
            twice = policy(seen[step])
        np.testing.assert_array_equal(twice, other(seen[step]))
    held = policy._past[0, 0].copy()
    policy(seen[5])  # 3 and 4 were missed
    np.testing.assert_array_equal(policy._past[0, 1:], np.tile(held, (HISTORY, 1)))


def test_a_late_state_belongs_to_the_step_it_falls_into() -> None:
    seen, _ = play(BundlePolicy(small_bundle()), goals_of())
    answers = []
    for late_s in (0.0, 0.04):
        policy = BundlePolicy(small_bundle())
        late = {**seen[7], "score_time_s": seen[7]["score_time_s"] + late_s}
        answers.append(policy(late))
    np.testing.assert_array_equal(answers[0], answers[1])
    before = {**seen[0], "score_time_s": np.array([-0.3])}
    np.testing.assert_array_equal(
        BundlePolicy(small_bundle())(before), BundlePolicy(small_bundle())(seen[0])
    )


def test_the_start_is_the_plans_and_targets_stay_near_it() -> None:
    bundle = small_bundle()
    policy = BundlePolicy(bundle)
    np.testing.assert_array_equal(policy.start, bundle.part.references[0])
    _, targets = play(policy, goals_of())
    distance = np.abs(targets - bundle.part.targets)
    assert distance[:, 0].max() <= 0.006 + 1e-9
    assert distance[:, 1:].max() <= 0.15 + 1e-9
    assert distance.max() > 0.01


@pytest.mark.parametrize("name", ["joint_positions", "joint_velocities"])
def test_a_state_that_is_not_finite_moves_nothing(name: str) -> None:
    seen, _ = play(BundlePolicy(small_bundle()), goals_of())
    broken = {**seen[0], name: np.full(model_of().n_joints, np.nan)}
    with pytest.raises(PolicyError, match=name):
        BundlePolicy(small_bundle())(broken)


def test_a_bundle_fits_its_own_song_and_rig() -> None:
    check_bundle(small_bundle(), model_of(), goals_of())
    check_bundle(small_bundle(), model_of(), goals_of("copy of three"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rig": "allegro_slide_49"}, "trained for rig 'allegro_slide_49', not 'leap_rail_49'"),
        ({"rig_hash": "0" * 64}, "is not as it was in training"),
        ({"joint_names": ("rail", "elbow")}, "joint 'elbow' is in the bundle only"),
        ({"joint_names": model_of().joint_names[:-1]}, "is in the rig only"),
        ({"joint_names": model_of().joint_names[::-1]}, "another order"),
        ({"control_step_s": 0.02}, "control steps of 0.02 s, not 0.05 s"),
        ({"feature_blocks": {"joint_positions": 5}}, "block 'joint_positions' of size 5"),
        (
            {"feature_blocks": dict(reversed(small_bundle().feature_blocks.items()))},
            "another order",
        ),
        (
            {"part": replace(small_bundle().part, joint_low=small_bundle().part.joint_low - 1)},
            "joint limits",
        ),
    ],
)
def test_a_mismatch_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BundleError, match=message):
        check_bundle(replace(small_bundle(), **change), model_of(), goals_of())


def test_another_song_is_refused_by_name() -> None:
    with pytest.raises(BundleError, match="plays 'three', not 'two'"):
        check_bundle(small_bundle(), model_of(), goals_of("two", (60, 62)))
    with pytest.raises(BundleError, match="other notes or another tempo of 'three'"):
        check_bundle(small_bundle(), model_of(), goals_of("three", (60, 62, 65)))


def test_load_policy_loads_a_path_and_names_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    write_bundle(small_bundle(), path)
    assert load_policy(str(path), model_of(), goals_of()).name == "mine.npz"
    with pytest.raises(BundleError, match=r"mine\.npz: plays 'three'"):
        load_policy(str(path), model_of(), goals_of("two", (60, 62)))
    with pytest.raises(PolicyError, match="unknown policy 'psychic'"):
        load_policy("psychic", model_of(), goals_of())


def test_the_zoo_says_what_it_lacks_and_the_planner_steps_in() -> None:
    goals = goals_of()
    with pytest.raises(PolicyError, match="no policy for 'three' on leap_rail_49: use --policy"):
        load_policy("zoo", model_of(), goals)
    spec, reason = choose_policy(model_of(), goals)
    assert spec == "planner"
    assert "'three'" in reason


def test_the_zoo_plays_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policies.library.ZOO_FOLDER", tmp_path)
    path = tmp_path / "leap_rail_49" / "three.npz"
    path.parent.mkdir()
    write_bundle(small_bundle(), path)
    assert choose_policy(model_of(), goals_of())[0] == "zoo"
    assert load_policy("zoo", model_of(), goals_of()).name == "zoo"
    spec, reason = choose_policy(model_of(), goals_of("three", (60, 64)))
    assert spec == "planner"
    assert "another tempo of 'three'" in reason


def test_who_knows_a_delay() -> None:
    """The model's parameters, else the bundle's training."""
    bundle, plan = BundlePolicy(small_bundle()), make_plan(goals_of(), model_of())
    late = replace(model_of(), command_delay_s=0.03)
    assert known_delay_s(bundle, late) == known_delay_s(plan, late) == 0.03
    assert known_delay_s(bundle, model_of()) == 0.02
    assert known_delay_s(plan, model_of()) == 0.0


@pytest.mark.parametrize("delay_s", [-0.01, 1e9])
def test_an_impossible_delay_is_refused(delay_s: float) -> None:
    """Whoever leads it would wait for ever."""
    bundle = replace(small_bundle(), physics={"command_delay_s": delay_s})
    with pytest.raises(BundleError, match=r"trained for command_delay_s = .* choose from 0 to"):
        check_bundle(bundle, model_of(), goals_of())


def test_with_fitted_physics_the_planner_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policies.library.ZOO_FOLDER", tmp_path)
    path = tmp_path / "leap_rail_49" / "three.npz"
    path.parent.mkdir()
    write_bundle(small_bundle(), path)
    assert choose_policy(model_of(), goals_of(), fitted=True)[0] == "planner"


def test_playing_does_not_import_jax() -> None:
    code = (
        "import sys, policies, policies.performer, policies.bundle, policies.evaluation;"
        "print(*{'jax', 'flax', 'optax', 'policies.learning'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""


def test_a_call_is_a_small_part_of_a_control_step() -> None:
    """Generous, for busy machines: `dacapo bench policy` has the figures."""
    seen, _ = play(BundlePolicy(small_bundle()), goals_of())
    policy, times_s = BundlePolicy(small_bundle()), []
    for _ in range(10):
        for observation in seen:
            started_s = time.thread_time()
            policy(observation)
            times_s.append(time.thread_time() - started_s)
    assert np.median(times_s) < 0.01 * CONTROL_STEP_S

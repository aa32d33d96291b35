"""The batched environment equals single ones bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from policies import make_plan
from score import Goals, load_song, make_goals
from sim import (
    BatchedEnvironment,
    Environment,
    PhysicsParameters,
    PlayableModel,
    RigModel,
    TargetLimits,
    build_model,
    load_rig,
    record_states,
)
from sim.pair import PAIRS
from tests.unit.playing import (
    RIGS,
    chord_score,
    fumbling,
    goals_of,
    nominal_model,
    nominal_pair,
    random_targets,
    song_goals,
    song_plan,
)

every_rig = pytest.mark.parametrize("rig", RIGS)
Floats = NDArray[np.float64]


def different_models(rig: str) -> list[RigModel]:
    """The nominal rig and four wrong ones, with delays of 0, 15, 50, 85 and 17.3 ms."""
    nominal = PhysicsParameters.nominal(load_rig(rig))
    changes: list[dict[str, float]] = [
        {},
        {"command_delay_s": 0.015, "keyboard_z_m": -0.002, "joint_offset:rail": 0.001},
        {"command_delay_s": 0.05, "key_trigger_fraction": 0.6, "finger_frictionloss_nm": 0.05},
        {"command_delay_s": 0.085, "keyboard_yaw_rad": 0.01, "key_stiffness_nm_per_rad": 1.5},
        {"command_delay_s": 0.0173},
    ]
    return [nominal.with_values(**each).apply(build_model(nominal.hand_rig)) for each in changes]


def check_same(
    batch: BatchedEnvironment, singles: list[Environment], reward: Floats | None = None
) -> None:
    for index, single in enumerate(singles):
        observed: dict[str, Any] = single._observation()
        for name, value in observed.items():
            np.testing.assert_array_equal(batch.observation[name][index], value, err_msg=name)
        np.testing.assert_array_equal(batch.key_depth[index], single.simulator.key_depth)
        if reward is not None:
            assert reward[index] == pytest.approx(sum(single.reward_terms.values()), abs=1e-12)
            for name, term in single.reward_terms.items():
                assert batch.reward_terms[name][index] == pytest.approx(term, abs=1e-12), name


def compare(
    models: list[RigModel] | PlayableModel, goals: Goals, actions: Floats, start: Floats
) -> int:
    """Play ``actions``, shape ``(T, n, joints)``, both ways; give the number of key events."""
    n = actions.shape[1]
    batch = BatchedEnvironment(models, goals, n, start, threads=1)
    each: Sequence[PlayableModel] = models if isinstance(models, list) else [models] * n
    singles = [Environment(model, goals, start) for model in each]
    for single in singles:
        single.reset()
    check_same(batch, singles)
    for rows in actions:
        before = [len(single.events) for single in singles]
        _, reward, done = batch.step(rows)
        ends = [single.step(row).last() for single, row in zip(singles, rows, strict=True)]
        check_same(batch, singles, reward)
        assert done.tolist() == ends
        for index, single in enumerate(singles):
            new, batched = single.events[before[index] :], batch.events(index)
            assert [(e.key, e.down) for e in batched] == [(e.key, e.down) for e in new]
            np.testing.assert_allclose([e.time_s for e in batched], [e.time_s for e in new])
    return sum(len(single.events) for single in singles)


def shaken(rig: str, targets: Floats, n: int) -> Floats:
    """The planned targets with a different disturbance for each environment."""
    model = nominal_model(rig)
    noise = [0.04 * random_targets(model, len(targets), seed) for seed in range(1, n)]
    return np.stack([targets, *(targets + each for each in noise)], axis=1)


@every_rig
def test_batched_equals_single(rig: str) -> None:
    plan = song_plan(rig, "ode_to_joy")
    actions = shaken(rig, plan.targets[:45], 3)
    assert compare(nominal_model(rig), song_goals(rig, "ode_to_joy"), actions, plan.start) > 10


@every_rig
def test_batched_equals_single_with_other_physics_in_each(rig: str) -> None:
    model = nominal_model(rig)
    goals = goals_of(chord_score((60,), (60, 64), (59, 62, 65)), model.rig)
    plan = make_plan(goals, model)
    actions = shaken(rig, plan.targets, 5)
    assert len(actions) == goals.n_steps
    assert compare(different_models(rig), goals, actions, plan.start) > 10


@pytest.mark.parametrize("rig", PAIRS)
def test_batched_equals_single_with_two_hands(rig: str) -> None:
    """Rewards as well: those of a single pair are the published ones."""
    model = nominal_pair(rig)
    goals = make_goals(load_song("ode_to_joy"), 21, 88)
    goals = replace(goals, sustain=np.arange(goals.n_steps) % 4 < 2)
    actions = fumbling(model, 30, 3)
    assert compare(model, goals, actions, actions[0, 0]) > 10


@every_rig
def test_some_start_again_while_others_go_on(rig: str) -> None:
    models, goals, plan = (
        different_models(rig)[2:],
        song_goals(rig, "ode_to_joy"),
        song_plan(rig, "ode_to_joy"),
    )
    batch = BatchedEnvironment(models, goals, 3, plan.start, threads=1)
    singles = [Environment(model, goals, plan.start) for model in models]
    actions = shaken(rig, plan.targets[:45], 3)
    for single in singles:
        single.reset()
    for step, rows in enumerate(actions):
        if step in (17, 33):
            again = np.array([0, 2] if step == 17 else [1])
            batch.reset(again)
            for index in again:
                singles[index].reset()
                assert batch.events(index) == []
            check_same(batch, singles)
        _, reward, _ = batch.step(rows)
        for single, row in zip(singles, rows, strict=True):
            single.step(row)
        check_same(batch, singles, reward)
    assert batch.step_index.tolist() == [28, 12, 28]


@every_rig
def test_past_the_end_nothing_is_due(rig: str) -> None:
    model = nominal_model(rig)
    goals = goals_of(chord_score((60,)), model.rig)
    plan = make_plan(goals, model)
    batch = BatchedEnvironment(model, goals, 2, plan.start, threads=1)
    for step in range(goals.n_steps + 15):
        observation, reward, done = batch.step(np.tile(plan.targets[-1], (2, 1)))
        assert done.tolist() == [step >= goals.n_steps - 1] * 2
        assert np.isfinite(reward).all()
    assert not observation["goal"].any()
    assert batch.reward_terms["fingering"].tolist() == [1.0, 1.0]
    batch.reset(np.array([1]))
    assert batch.done.tolist() == [True, False]
    np.testing.assert_array_equal(batch.observation["goal"][1], goals.lookahead(0))


@every_rig
def test_actions_are_limited_and_not_written_to(rig: str) -> None:
    model, plan = nominal_model(rig), song_plan(rig, "ode_to_joy")
    batch = BatchedEnvironment(model, song_goals(rig, "ode_to_joy"), 2, plan.start, threads=1)
    actions = np.stack([np.full(model.n_joints, 99.0), np.full(model.n_joints, -99.0)])
    observation, _, _ = batch.step(actions)
    limits, start = TargetLimits.of(model.rig), np.tile(plan.start, (2, 1))
    np.testing.assert_array_equal(observation["joint_targets"], limits.limit(actions, start, start))
    assert set(actions.ravel()) == {99.0, -99.0}


@every_rig
def test_more_threads_change_nothing(rig: str) -> None:
    model, plan = nominal_model(rig), song_plan(rig, "ode_to_joy")
    goals, actions = song_goals(rig, "ode_to_joy"), shaken(rig, plan.targets[:25], 3)
    one, two = (BatchedEnvironment(model, goals, 3, plan.start, threads) for threads in (1, 2))
    for rows in actions:
        first, second = one.step(rows), two.step(rows)
        np.testing.assert_array_equal(first[1], second[1])
        for name, value in first[0].items():
            np.testing.assert_array_equal(value, second[0][name])


@every_rig
def test_an_episode_can_start_along_the_song(rig: str) -> None:
    """Close to the whole song, not bit-equal: what sleeps is awake after a restart."""
    model, plan = nominal_model(rig), song_plan(rig, "ode_to_joy")
    goals = song_goals(rig, "ode_to_joy")
    states = record_states(model, plan.start, plan.targets[:60])
    batch = BatchedEnvironment(model, goals, 2, plan.start, threads=1)
    batch.reset(np.array([1]), states, np.array([40]))
    assert batch.step_index.tolist() == [0, 40]
    np.testing.assert_array_equal(batch.observation["keys"][1], states.sounding[40])
    np.testing.assert_array_equal(batch.observation["joint_targets"][1], plan.targets[39])
    for row in range(40, 50):
        batch.step(np.stack([plan.targets[0], plan.targets[row]]))
        expected = states.qpos[row + 1][model.joint_qpos]
        np.testing.assert_allclose(batch.observation["joint_positions"][1], expected, atol=2e-3)
        np.testing.assert_array_equal(batch.observation["keys"][1], states.sounding[row + 1])

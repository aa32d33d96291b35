"""The environment: the dm_env contract, observations and rewards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import TestCase

import dm_env
import numpy as np
import pytest
from dm_env import test_utils
from numpy.typing import NDArray

from policies import make_plan
from score import Goals, Pedal, load_song, make_goals, song_names
from sim import (
    BatchedEnvironment,
    Environment,
    RigModel,
    SimError,
    Simulator,
    TargetLimits,
    load_rig,
    rewards,
)
from sim.rewards import COLLISION_WEIGHT, ENERGY_COEFFICIENT
from tests.unit.playing import (
    RIGS,
    chord_score,
    goals_of,
    nominal_model,
    random_targets,
    song_goals,
    song_plan,
)

every_rig = pytest.mark.parametrize("rig", RIGS)
GUIDE = Path(__file__).parents[3] / "docs" / "environment.md"


def environment_of(rig: str, song: str) -> Environment:
    return Environment(nominal_model(rig), song_goals(rig, song), song_plan(rig, song).start)


class _Contract(test_utils.EnvironmentTestMixin):  # type: ignore[misc]  # dm_env has no types
    """DeepMind's own checks of an environment, on one rig."""

    rig: str

    def make_object_under_test(self) -> Environment:
        goals = goals_of(chord_score((60,)), nominal_model(self.rig).rig)
        return Environment(nominal_model(self.rig), goals)

    def make_action_sequence(self) -> Iterator[NDArray[np.float64]]:
        """Longer than the song: past its end comes the next episode."""
        yield from random_targets(nominal_model(self.rig), 40, seed=1)


class TestAllegroContract(_Contract, TestCase):
    rig = "allegro_slide_49"


class TestLeapContract(_Contract, TestCase):
    rig = "leap_rail_49"


def validate(environment: Environment, step: dm_env.TimeStep) -> None:
    spec = environment.observation_spec()
    assert set(spec) == set(step.observation)
    for name, each in spec.items():
        each.validate(step.observation[name])


@every_rig
@pytest.mark.parametrize("song", song_names())
def test_every_song_begins_within_the_specs(rig: str, song: str) -> None:
    goals = song_goals(rig, song)
    environment = Environment(nominal_model(rig), goals)
    step = environment.reset()
    assert step.first()
    assert step.reward is None
    validate(environment, step)
    for row in random_targets(nominal_model(rig), 6, seed=0):
        environment.action_spec().validate(row)
        step = environment.step(row)
        validate(environment, step)
        assert step.mid()
        assert np.isfinite(step.reward)
        assert step.discount == 1.0
        assert step.reward == pytest.approx(sum(environment.reward_terms.values()))


@every_rig
def test_an_episode_is_the_song(rig: str) -> None:
    environment, goals = environment_of(rig, "hot_cross_buns"), song_goals(rig, "hot_cross_buns")
    plan, step = song_plan(rig, "hot_cross_buns"), environment.reset()
    for index in range(goals.n_steps):
        assert not step.last()
        assert step.observation["score_time_s"] == pytest.approx(index * 0.05)
        np.testing.assert_array_equal(step.observation["goal"], goals.lookahead(index))
        step = environment.step(plan(step.observation))
        np.testing.assert_array_equal(step.observation["joint_targets"], plan.targets[index])
        validate(environment, step)
    assert step.last()
    assert step.discount == 0.0
    assert not step.observation["goal"].any()
    assert len(environment.events) > 20
    assert environment.step(plan.targets[0]).first()  # and from the top
    assert environment.events == []


@every_rig
def test_the_same_actions_give_the_same_episode(rig: str) -> None:
    twins = [environment_of(rig, "ode_to_joy") for _ in range(2)]
    first, again = (environment.reset() for environment in twins)
    for row in random_targets(nominal_model(rig), 20, seed=2):
        for name, value in first.observation.items():
            np.testing.assert_array_equal(value, again.observation[name])
        first, again = (environment.step(row) for environment in twins)
        assert first.reward == again.reward


@every_rig
def test_actions_are_limited(rig: str) -> None:
    environment, limits = environment_of(rig, "ode_to_joy"), TargetLimits.of(load_rig(rig))
    start = environment.reset().observation["joint_positions"]
    action = np.full(len(start), 99.0)
    step = environment.step(action)
    expected = limits.limit(action, start, start)
    np.testing.assert_array_equal(step.observation["joint_targets"], expected)


@every_rig
def test_no_array_is_shared_between_steps(rig: str) -> None:
    """Who writes into an observation spoils neither others nor the environment."""
    environment = environment_of(rig, "ode_to_joy")
    steps = [environment.reset()]
    steps += [environment.step(row) for row in random_targets(nominal_model(rig), 4, seed=3)]
    steps += [environment.reset(), environment.reset()]
    for index, one in enumerate(steps):
        for other in steps[index + 1 :]:
            for name, value in one.observation.items():
                assert not np.shares_memory(value, other.observation[name]), name
    clean = environment.reset().observation
    for value in environment.reset().observation.values():
        value[:] = 1
    for name, value in environment.reset().observation.items():
        np.testing.assert_array_equal(value, clean[name])


@every_rig
def test_no_observation_is_dead(rig: str) -> None:
    environment, goals = (
        environment_of(rig, "twinkle_twinkle_little_star"),
        song_goals(rig, "twinkle_twinkle_little_star"),
    )
    plan, step = song_plan(rig, "twinkle_twinkle_little_star"), environment.reset()
    seen: dict[str, list[NDArray[Any]]] = {name: [] for name in step.observation}
    while not step.last():
        for name, value in step.observation.items():
            seen[name].append(value)
        step = environment.step(plan(step.observation))
    for name in ("joint_positions", "joint_velocities", "joint_targets", "score_time_s"):
        assert (np.ptp(np.array(seen[name]), axis=0) > 1e-3).all(), name
    due = np.flatnonzero(goals.keys.any(axis=0))
    assert np.array(seen["keys"])[:, due].any(axis=0).all()
    assert np.array(seen["goal"])[:, :, due].any(axis=0).all()


def expected_terms(simulator: Simulator, goals: Goals, row: int) -> dict[str, float]:
    """The reward by the functions of ``sim.rewards`` and the words of the guide."""
    model, data = simulator.model, simulator.data
    due = np.flatnonzero(goals.keys[row])
    tips = data.site_xpos[model.fingertip_sites]
    geoms = model.key_geoms[due]
    gaps = [np.linalg.norm(low - high) for low, high in pairwise(tips)]
    force = data.actuator_force[model.actuators]
    return {
        "key_press": float(
            rewards.key_press(goals.keys[row], simulator.key_depth, simulator.keys_down)
        ),
        "fingering": rewards.fingering(
            tips, data.geom_xpos[geoms], model.mj.geom_size[geoms]
        ).reward,
        "sustain": float(rewards.sustain(goals.sustain[row], np.zeros(()))),
        "collision": COLLISION_WEIGHT * (min(gaps) >= model.tip_gap_m),
        "energy": float(rewards.energy(force, simulator.joint_velocities, ENERGY_COEFFICIENT)),
    }


def compare_rewards(model: RigModel, goals: Goals, actions: NDArray[np.float64]) -> dict[str, Any]:
    """Play actions, compare every reward; give the terms seen."""
    environment = Environment(model, goals, actions[0])
    environment.reset()
    seen: dict[str, list[float]] = {}
    for row, action in enumerate(actions[: goals.n_steps]):
        step = environment.step(action)
        expected = expected_terms(environment.simulator, goals, row)
        assert environment.reward_terms == pytest.approx(expected, abs=1e-9)
        assert step.reward == pytest.approx(sum(expected.values()), abs=1e-9)
        for name, value in expected.items():
            seen.setdefault(name, []).append(value)
    return seen


@every_rig
def test_the_reward_is_that_of_the_functions(rig: str) -> None:
    model = nominal_model(rig)
    goals = goals_of(chord_score((60,), (60, 64), (59, 62, 65), (61,)), model.rig)
    assert {0, 1, 2, 3} == set(goals.keys.sum(axis=1))
    plan = make_plan(goals, model)
    played = compare_rewards(model, goals, plan.targets)
    assert max(played["key_press"]) > 0.9
    shaken = compare_rewards(model, goals, random_targets(model, goals.n_steps, 4, reach=1.0))
    for name in ("key_press", "fingering", "energy", "collision"):
        assert np.ptp(played[name] + shaken[name]) > 0.1, name


@every_rig
def test_a_pedal_that_is_due_is_missed(rig: str) -> None:
    model = nominal_model(rig)
    score = replace(chord_score((60,)), pedal=(Pedal(0.1, True),))
    goals = goals_of(score, model.rig)
    assert goals.sustain.any()
    seen = compare_rewards(model, goals, random_targets(model, goals.n_steps, 5))
    assert min(seen["sustain"]) < 0.001
    assert max(seen["sustain"]) == 1.0


@every_rig
def test_playing_right_earns_more_than_resting(rig: str) -> None:
    model, goals = nominal_model(rig), song_goals(rig, "hot_cross_buns")
    plan = song_plan(rig, "hot_cross_buns")
    resting = np.repeat(plan.start[None], 60, axis=0)
    total = [
        sum(map(sum, compare_rewards(model, goals, rows).values()))
        for rows in (plan.targets[:60], resting)
    ]
    assert total[0] > total[1] + 5.0


def test_goals_for_another_keyboard_are_refused() -> None:
    model = nominal_model("leap_rail_49")
    goals = make_goals(load_song("ode_to_joy"), 21, 88)
    message = "88 keys from pitch 21, but leap_rail_49 has 49 from 36"
    with pytest.raises(SimError, match=message):
        Environment(model, goals)
    with pytest.raises(SimError, match=message):
        BatchedEnvironment(model, goals, 1, np.zeros(model.n_joints), threads=1)
    with pytest.raises(SimError, match=message):
        make_plan(goals, model)


def test_the_guide_tells_the_truth() -> None:
    """The snippet of the guide runs, and its tables name what there is."""
    text = GUIDE.read_text()
    snippet = text.split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {}
    exec(compile(snippet, str(GUIDE), "exec"), names)  # noqa: S102  # our own guide
    environment = names["environment"]
    assert names["step"].last()
    for name, spec in environment.observation_spec().items():
        assert f"| `{name}` |" in text, name
        assert spec.shape
    for name in environment.reward_terms:
        assert f"| `{name}` |" in text, name
    for rig in RIGS:
        for joint in nominal_model(rig).joint_names:
            assert f"`{joint}`" in text, joint

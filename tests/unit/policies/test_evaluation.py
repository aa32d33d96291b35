"""Episodes that differ by their seed alone, and the interval of their mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from policies import make_plan
from policies.bundle import BundlePolicy
from policies.evaluation import Disturbance, episodes, evaluate, interval_of_mean, summarise
from policies.policy import Observation
from score import Performance, make_goals
from sim import PhysicsParameters, build_model, load_rig

from .bundles import goals_of, model_of, small_bundle


class Listener:
    """A policy that plays a bundle and remembers what it saw."""

    def __init__(self) -> None:
        self._policy = BundlePolicy(small_bundle())
        self.name, self.rig = "listener", self._policy.rig
        self.joint_names, self.start = self._policy.joint_names, self._policy.start
        self.seen: list[NDArray[np.float64]] = []

    def __call__(self, observation: Observation) -> NDArray[np.float64]:
        if observation["score_time_s"][0] == 0:
            self.seen.append(observation["joint_positions"].copy())
        return self._policy(observation)


def first_seen(count: int, seed: int) -> NDArray[np.float64]:
    """What the policy sees at score time 0 of each episode, off its start posture."""
    listener = Listener()
    list(episodes(listener, model_of(), goals_of(), count, seed))
    return np.array(listener.seen) - listener.start


def test_the_first_episode_is_undisturbed_and_the_others_are_not_alike() -> None:
    off = first_seen(4, seed=0)
    assert not off[0].any()
    assert len(np.unique(off, axis=0)) == 4
    assert 0 < np.abs(off[1:, 0]).max() < 0.001 + 5 * 0.0001  # the rail [m]
    assert 0.005 < np.abs(off[1:, 1:]).max() < 0.01 + 5 * 0.001


def test_a_seed_is_a_result() -> None:
    np.testing.assert_array_equal(first_seen(3, seed=1), first_seen(3, seed=1))
    assert (first_seen(3, seed=1)[1:] != first_seen(3, seed=2)[1:]).all()
    policy = BundlePolicy(small_bundle())
    results = [evaluate(policy, model_of(), goals_of(), 3, seed=1) for _ in range(2)]
    assert results[0] == results[1]


def test_the_noise_has_the_size_that_the_docs_say() -> None:
    disturbance = Disturbance(("rail", "finger"), seed=0, episode=1)
    still = {
        "joint_positions": np.zeros(2),
        "joint_velocities": np.zeros(2),
        "keys": np.zeros(49, bool),
    }
    draws = [
        {name: np.array(value) for name, value in disturbance.seen(still).items()}
        for _ in range(2000)
    ]
    for name, expected in (
        ("joint_positions", [0.0001, 0.001]),
        ("joint_velocities", [0.002, 0.02]),
    ):
        std = np.array([draw[name] for draw in draws]).std(axis=0)
        np.testing.assert_allclose(std, expected, rtol=0.1)
    assert disturbance.seen(still)["keys"] is still["keys"]


def test_the_summary_is_the_mean_of_what_was_told() -> None:
    told: list[Performance] = []
    policy = BundlePolicy(small_bundle())
    result = evaluate(policy, model_of(), goals_of(), 3, on_episode=told.append)
    assert [p.policy for p in told] == ["bundle"] * 3
    assert result.frame_f1 == pytest.approx(np.mean([p.frame.f1 for p in told]))
    assert result == summarise(told)
    low, high = result.frame_f1_interval
    assert low <= result.frame_f1 <= high
    assert set(result.to_dict()) == {
        "frame_f1",
        "frame_f1_interval",
        "note_f1_50ms",
        "note_f1_100ms",
        "onset_error_ms_median",
        "wrong_keys",
        "pedal_f1",
        "episodes",
    }


def test_physics_parameters_change_the_result() -> None:
    rig = load_rig("leap_rail_49")
    lower = PhysicsParameters.nominal(rig).with_values(keyboard_z_m=-0.01).apply(build_model(rig))
    goals = make_goals(goals_of().score, rig.keyboard.lowest_pitch, rig.keyboard.n_keys)
    policy = BundlePolicy(small_bundle())
    silent = evaluate(policy, lower, goals, 1)
    assert silent.onset_error_ms_median is None
    assert silent.note_f1_50ms == 0.0


def test_a_delay_is_led_unless_nobody_knows_of_it() -> None:
    goals, late = goals_of(), replace(model_of(), command_delay_s=0.08)
    plan = make_plan(goals, model_of())
    prompt, led = (evaluate(plan, model, goals, 1) for model in (model_of(), late))
    behind = evaluate(plan, late, goals, 1, lead_s=0.0)
    assert led.frame_f1 == pytest.approx(prompt.frame_f1, abs=0.03)
    assert behind.frame_f1 < led.frame_f1 - 0.05


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        low, high = interval_of_mean(rng.normal(0.9, 0.05, 30).tolist(), trial)
        hits += low <= 0.9 <= high
    assert 0.89 <= hits / 200 <= 0.99


def test_equal_scores_leave_nothing_open() -> None:
    assert interval_of_mean([0.5, 0.5, 0.5], 0) == (0.5, 0.5)

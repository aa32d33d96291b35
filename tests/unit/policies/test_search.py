"""Trajectory search on a short song in the real simulator."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from policies import Plan, PolicyError, load_policy, make_plan
from policies.bundle import write_bundle
from policies.search import Polished, polish, polished_bundle
from policies.search.takes import LATE_10MS, ON_TIME, Rehearsal
from policies.search.windows import changes, choose_windows
from score import Goals, Note, Score, frame_scores, make_goals, roll_of_events
from sim import Environment, RigModel, Simulator, build_model, load_rig

LONG_S = 1000.0


@pytest.fixture(scope="module")
def model() -> RigModel:
    return build_model(load_rig("leap_rail_49"))


@pytest.fixture(scope="module")
def goals(model: RigModel) -> Goals:
    notes = (Note(60, 0.0, 0.2, 64), Note(64, 0.25, 0.45, 64))
    keyboard = model.rig.keyboard
    return make_goals(Score("two_notes", notes, ()), keyboard.lowest_pitch, keyboard.n_keys)


@pytest.fixture(scope="module")
def damaged(model: RigModel, goals: Goals) -> Plan:
    """A plan whose second press stays silent: the fingers go only half of the way down."""
    plan = make_plan(goals, model)
    press = goals.presses[1]
    targets = plan.targets.copy()
    above = targets[press.start - 2, 1:]
    targets[press.start - 1 : press.end, 1:] += above
    targets[press.start - 1 : press.end, 1:] /= 2
    return replace(plan, targets=targets)


@pytest.fixture(scope="module")
def polished(damaged: Plan, goals: Goals, model: RigModel) -> tuple[Polished, list[Polished]]:
    steps: list[Polished] = []
    return polish(damaged, goals, model, LONG_S, 0, rounds=3, progress=steps.append), steps


def frame_f1(plan: Plan, goals: Goals, model: RigModel) -> float:
    """Played through the single simulator, scored by ``score``."""
    simulator = Simulator(model)
    simulator.reset(plan.start)
    events = [event for targets in plan.targets for event in simulator.advance(targets)]
    return frame_scores(goals.keys, roll_of_events(events, goals.n_steps, goals.n_keys)).f1


def test_a_silent_press_is_mended(
    polished: tuple[Polished, list[Polished]], damaged: Plan, goals: Goals, model: RigModel
) -> None:
    result, _ = polished
    assert frame_f1(damaged, goals, model) < 0.9
    assert result.frame_f1 >= 0.99
    assert result.plan.name == "polish"


def test_what_it_says_is_what_the_simulator_plays(
    polished: tuple[Polished, list[Polished]], goals: Goals, model: RigModel
) -> None:
    result, _ = polished
    late = replace(model, command_delay_s=0.01)
    assert result.frame_f1 == pytest.approx(frame_f1(result.plan, goals, model), abs=1e-12)
    assert result.frame_f1_late == pytest.approx(frame_f1(result.plan, goals, late), abs=1e-12)


def test_frame_f1_never_falls(polished: tuple[Polished, list[Polished]]) -> None:
    result, steps = polished
    scores = [step.frame_f1 for step in steps]
    assert scores == sorted(scores)
    assert [step.rounds for step in steps] == list(range(result.rounds + 1))


def test_targets_stay_within_the_joint_limits(
    polished: tuple[Polished, list[Polished]], damaged: Plan, model: RigModel
) -> None:
    targets = polished[0].plan.targets
    assert (targets >= model.joint_low).all()
    assert (targets <= model.joint_high).all()
    assert not np.array_equal(targets, damaged.targets)


def test_the_start_posture_stays(polished: tuple[Polished, list[Polished]], damaged: Plan) -> None:
    assert np.array_equal(polished[0].plan.start, damaged.start)


def test_the_seed_decides(
    polished: tuple[Polished, list[Polished]], damaged: Plan, goals: Goals, model: RigModel
) -> None:
    first = polished[1][1].plan.targets
    same, other = (
        polish(damaged, goals, model, LONG_S, seed, rounds=1).plan.targets for seed in (0, 4)
    )
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_a_budget_too_short_to_start_is_an_error(
    damaged: Plan, goals: Goals, model: RigModel
) -> None:
    with pytest.raises(PolicyError, match=r"a budget of 0\.001 s is over"):
        polish(damaged, goals, model, 0.001, 0)


def test_its_bundle_plays_the_plan_itself(
    polished: tuple[Polished, list[Polished]], goals: Goals, model: RigModel, tmp_path: Path
) -> None:
    result, path = polished[0], tmp_path / "two_notes.npz"
    write_bundle(polished_bundle(result, goals, model, physics={}, seed=0), path)
    policy = load_policy(str(path), model, goals)
    environment = Environment(model, goals, policy.start)
    step, rows = environment.reset(), []
    while not step.last():
        rows.append(policy(step.observation))
        step = environment.step(rows[-1])
    assert np.array_equal(rows, result.plan.targets)


def test_takes_count_every_model(damaged: Plan, goals: Goals, model: RigModel) -> None:
    late = replace(model, command_delay_s=0.01)
    variants = np.stack([damaged.targets, make_plan(goals, model).targets])
    alone = [Rehearsal([m], goals, damaged.start, 2, 1).play(variants) for m in (model, late)]
    both = Rehearsal([model, late], goals, damaged.start, 2, 1).play(variants)
    np.testing.assert_allclose(both.frame_f1, (alone[0].frame_f1 + alone[1].frame_f1) / 2)
    assert np.array_equal(alone[0].frame_f1[:, LATE_10MS], alone[1].frame_f1[:, ON_TIME])
    assert np.array_equal(both.reached, alone[0].reached)


def test_a_delay_is_led(damaged: Plan, goals: Goals, model: RigModel) -> None:
    late = replace(model, command_delay_s=0.035)
    variants = np.stack([damaged.targets, make_plan(goals, model).targets])
    led = Rehearsal([late], goals, damaged.start, 2, 1, lead_s=0.035).play(variants)
    prompt = Rehearsal([model], goals, damaged.start, 2, 1).play(variants)
    np.testing.assert_allclose(led.frame_f1, prompt.frame_f1, atol=1e-9)
    np.testing.assert_allclose(led.margin, prompt.margin, atol=1e-6)
    assert (led.frame_f1 < 1.0).any()


def test_windows_lie_around_failing_rows_and_leave_each_other_alone() -> None:
    rng = np.random.default_rng(0)
    failing = rng.random(200) < 0.2
    wrong = failing & (rng.random(200) < 0.1)
    windows = choose_windows(wrong, failing, rng)
    assert all(failing[w.start : w.stop].any() for w in windows)
    assert all(a.end <= b.start for a, b in pairwise(windows))
    first = choose_windows(wrong, failing, rng)
    assert any(wrong[w.start : w.stop].any() for w in first)


def test_changes_stay_within_their_windows(model: RigModel) -> None:
    rng = np.random.default_rng(0)
    failing = np.zeros(60, bool)
    failing[[20, 45]] = True
    windows = choose_windows(failing, failing, rng)
    targets = rng.normal(size=(60, model.n_joints))
    tried = changes(targets, windows, model.joint_names, 5, rng)
    inside = np.zeros(60, bool)
    for window in windows:
        inside[window.start : window.stop] = True
    assert (tried[:, ~inside] == 0).all()
    assert (tried[:, inside] != 0).any(axis=2).all()

"""The planner: it plays, in time, within limits, quickly."""

from __future__ import annotations

import sys
import time
from types import FrameType

import numpy as np
import pytest

from policies import Plan, PolicyError, load_policy, make_plan
from policies.evaluation import episodes
from policies.planner import PlanParameters, load_parameters
from score import CONTROL_STEP_S, Note, Performance, Score
from tests.unit.playing import (
    FOUR_SONGS,
    RIGS,
    chord_score,
    goals_of,
    nominal_model,
    song_goals,
    song_plan,
)

every_rig = pytest.mark.parametrize("rig", RIGS)


def performance(rig: str, song: str) -> Performance:
    plan = song_plan(rig, song)
    return next(episodes(plan, nominal_model(rig), song_goals(rig, song), 1, seed=0)).performance


@every_rig
@pytest.mark.parametrize("song", FOUR_SONGS)
def test_the_four_songs_are_played(rig: str, song: str) -> None:
    played = performance(rig, song)
    assert played.frame.f1 >= 0.96
    assert played.note.f1_50ms >= 0.95
    median_ms = played.onset_error_ms.median
    assert median_ms is not None
    assert abs(median_ms) <= 25.0


@every_rig
@pytest.mark.parametrize("song", FOUR_SONGS)
def test_plans_keep_the_limits(rig: str, song: str) -> None:
    plan, model = song_plan(rig, song), nominal_model(rig)
    assert plan.targets.shape == (song_goals(rig, song).n_steps, model.n_joints)
    for rows in (plan.targets, plan.references):
        assert np.isfinite(rows).all()
        assert (rows >= model.joint_low).all()
        assert (rows <= model.joint_high).all()
    np.testing.assert_array_equal(plan.start, plan.references[0])
    rail = np.diff(plan.references[:, 0]) / CONTROL_STEP_S
    assert np.abs(rail).max() < model.rig.rail.no_load_speed_m_per_s


@every_rig
def test_a_plan_takes_two_seconds_at_most(rig: str) -> None:
    goals, model = song_goals(rig, "jingle_bells"), nominal_model(rig)  # the longest but one
    started_s = time.process_time()
    make_plan(goals, model)
    assert time.process_time() - started_s <= 2.0


@every_rig
@pytest.mark.parametrize("pitch", [36, 82, 84])
def test_keys_from_end_to_end_are_played(rig: str, pitch: int) -> None:
    model = nominal_model(rig)
    goals = goals_of(chord_score((pitch,)), model.rig)
    played = next(episodes(make_plan(goals, model), model, goals, 1, seed=0)).performance
    assert played.note.f1_50ms == 1.0
    assert played.wrong_keys == 0


@every_rig
def test_targets_are_looked_up_by_score_time(rig: str) -> None:
    plan = song_plan(rig, "hot_cross_buns")
    last = len(plan.targets) - 1

    def at(time_s: float) -> int:
        rows = (plan.targets == plan({"score_time_s": np.array([time_s])})).all(axis=1)
        return int(np.flatnonzero(rows)[0])

    first_like = [int(np.flatnonzero((plan.targets == row).all(axis=1))[0]) for row in plan.targets]
    for step in range(0, last + 1, 7):
        for time_s in (step * 0.05, step * CONTROL_STEP_S + 0.049, sum([0.05] * step)):
            assert at(time_s) == first_like[step]
    assert at(-0.3) == 0
    assert at(1e6) == first_like[last]


@every_rig
def test_a_plan_is_a_policy(rig: str) -> None:
    model, goals = nominal_model(rig), song_goals(rig, "hot_cross_buns")
    policy = load_policy("planner", model, goals)
    assert (policy.name, policy.rig, policy.joint_names) == ("planner", rig, model.joint_names)
    assert policy.start.shape == (model.n_joints,)
    with pytest.raises(PolicyError, match="unknown policy 'planer'"):
        load_policy("planer", model, goals)


@every_rig
def test_planning_is_deterministic(rig: str) -> None:
    goals, model, parameters = (
        song_goals(rig, "hot_cross_buns"),
        nominal_model(rig),
        PlanParameters(),
    )
    first, again = (make_plan(goals, model, parameters) for _ in range(2))
    np.testing.assert_array_equal(first.targets, again.targets)


def test_playing_needs_numpy_only() -> None:
    """Every function that a plan calls while it plays is its own or NumPy's."""
    plan, observation = song_plan("leap_rail_49", "ode_to_joy"), {"score_time_s": np.array([1.0])}
    called: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            called.add(str(frame.f_globals.get("__name__")))
        elif event == "c_call":
            called.add(getattr(argument, "__module__", None) or "builtins")

    sys.setprofile(note)
    try:
        plan(observation)
    finally:
        sys.setprofile(None)
    called -= {"sys", __name__}
    assert "policies.planner.plan" in called
    assert {name.split(".")[0] for name in called} <= {"policies", "numpy", "builtins"}


@every_rig
def test_tuned_parameters_are_loaded(rig: str) -> None:
    assert load_parameters(rig) != PlanParameters()
    assert load_parameters("nobody_tuned_this") == PlanParameters()


def test_other_parameters_make_another_plan() -> None:
    goals, model = song_goals("leap_rail_49", "hot_cross_buns"), nominal_model("leap_rail_49")
    plan: Plan = make_plan(goals, model, PlanParameters(hover_m=0.012))
    assert not np.array_equal(plan.targets, song_plan("leap_rail_49", "hot_cross_buns").targets)


@every_rig
@pytest.mark.parametrize("rest_s", [0.05, 0.1, 0.15, 0.2])
def test_detached_notes_are_struck_once(rig: str, rest_s: float) -> None:
    notes = [Note(p, 0.4 * i, 0.4 * (i + 1) - rest_s) for i, p in enumerate((60, 62, 64, 62))]
    model = nominal_model(rig)
    goals = goals_of(Score("detached", tuple(notes)), model.rig)
    [played] = episodes(make_plan(goals, model), model, goals, 1, 0)
    assert played.performance.note.f1_100ms == 1.0
    assert played.performance.frame.f1 > 0.9

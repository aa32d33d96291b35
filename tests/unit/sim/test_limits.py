"""The functions that every joint target goes through."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from policies import make_plan
from policies.features import Actions, Part
from score import load_song, make_goals
from sim import Environment, SimError, Simulator, TargetLimits, limit_targets, load_rig
from sim.realtime import STEP_NS, RealTimeSimulator
from tests.unit.playing import FOUR_SONGS, RIGS, nominal_model, song_goals, song_plan

LOW, HIGH = np.array([-0.3, -0.5, 0.0]), np.array([0.3, 1.5, 2.0])
LIMITS = TargetLimits(LOW, HIGH, reach=np.array([0.1, 0.8, 0.8]), step=np.array([0.2, 1.5, 1.5]))
Floats = NDArray[np.float64]

some_targets = arrays(np.float64, (4, 3), elements=st.floats(-1e6, 1e6))
some_places = arrays(np.float64, (4, 3), elements=st.floats(-3.0, 3.0))
every_rig = pytest.mark.parametrize("rig", RIGS)


@given(some_targets)
def test_targets_end_up_within_the_joint_limits_and_are_left_alone_there(targets: Floats) -> None:
    limited = limit_targets(targets, LOW, HIGH)
    assert ((limited >= LOW) & (limited <= HIGH)).all()
    inside = (targets >= LOW) & (targets <= HIGH)
    assert (limited[inside] == targets[inside]).all()


@given(some_targets | some_places, some_places, some_places)
def test_joint_limits_win_over_reach_and_reach_over_step(
    targets: Floats, before: Floats, positions: Floats
) -> None:
    limited = LIMITS.limit(targets, before, positions)
    near = np.clip(targets, before - LIMITS.step, before + LIMITS.step)
    near = np.clip(near, positions - LIMITS.reach, positions + LIMITS.reach)
    np.testing.assert_array_equal(limited, np.clip(near, LOW, HIGH))
    one = [LIMITS.limit(*rows) for rows in zip(targets, before, positions, strict=True)]
    np.testing.assert_array_equal(limited, one)  # whichever of them took the short cut


def test_the_result_may_go_where_the_targets_before_were() -> None:
    before, positions = np.zeros(3), np.zeros(3)
    limited = LIMITS.limit(np.array([1.0, -1.0, 1.0]), before, positions, out=before)
    assert limited is before
    np.testing.assert_allclose(before, [0.1, -0.5, 0.8])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    broken = np.array([0.0, bad, 0.0])
    with pytest.raises(SimError, match="joint target is not finite"):
        limit_targets(broken, LOW, HIGH)
    with pytest.raises(SimError, match="joint target is not finite"):
        LIMITS.limit(broken, np.zeros(3), np.zeros(3))
    with pytest.raises(SimError, match="joint position is not finite"):
        LIMITS.limit(np.zeros(3), np.zeros(3), broken)


def test_too_few_targets_are_refused() -> None:
    with pytest.raises(SimError, match="1 joint targets for 3 joints"):
        limit_targets(np.zeros(1), LOW, HIGH)
    with pytest.raises(SimError, match="1 joint targets for 3 joints"):
        LIMITS.limit(np.zeros(1), np.zeros(3), np.zeros(3))


def test_the_limits_of_the_leap_rig_follow_from_its_motors() -> None:
    limits = TargetLimits.of(load_rig("leap_rail_49"))
    full_force = 0.93 / 3.0 + (0.11 - 0.93 / 8.5) * 8.5 / 3.0
    np.testing.assert_allclose(limits.reach[1:], full_force + 8.5 * 0.15)
    np.testing.assert_allclose(limits.step[1:], 2 * limits.reach[1:])
    rail_force = 23 / 2000 + (220 - 23 / 0.34) * 0.34 / 2000
    np.testing.assert_allclose(limits.reach[0], rail_force + 0.34 * 0.15)


@every_rig
def test_joint_limits_are_those_of_the_compiled_model(rig: str) -> None:
    limits, model = TargetLimits.of(load_rig(rig)), nominal_model(rig)
    np.testing.assert_array_equal(limits.low, model.joint_low)
    np.testing.assert_array_equal(limits.high, model.joint_high)


@every_rig
@pytest.mark.parametrize("song", FOUR_SONGS)
def test_plans_are_sent_as_they_are(rig: str, song: str) -> None:
    targets = song_plan(rig, song).targets
    np.testing.assert_array_equal(list(sent(rig, song, targets)), targets)


@every_rig
@pytest.mark.parametrize("song", FOUR_SONGS)
def test_hardly_any_of_the_wildest_corrections_is_cut(rig: str, song: str) -> None:
    model, plan, goals = nominal_model(rig), song_plan(rig, song), song_goals(rig, song)
    part = Part.of(model.joint_low, model.joint_high, goals, plan)
    rows = np.arange(goals.n_steps)
    extreme = np.random.default_rng(0).choice([-1.0, 1.0], (len(rows), model.n_joints))
    targets = Actions(part, model.joint_names, residual=True).targets(extreme, rows)
    cut = np.abs(np.array(list(sent(rig, song, targets))) - targets)
    assert np.count_nonzero(cut) <= cut.size / 1000
    assert cut.max() < 0.15


@every_rig
def test_a_plan_at_double_tempo_is_sent_as_it_is(rig: str) -> None:
    model, keyboard = nominal_model(rig), load_rig(rig).keyboard
    fast = load_song("ode_to_joy").stretched(0.5)
    goals = make_goals(fast, keyboard.lowest_pitch, keyboard.n_keys)
    plan = make_plan(goals, model)
    environment = Environment(model, goals, plan.start)
    environment.reset()
    for targets in plan.targets:
        observation = environment.step(targets).observation
        np.testing.assert_array_equal(observation["joint_targets"], targets)


def sent(rig: str, song: str, targets: Floats) -> Iterator[Floats]:
    """What a rig is sent of the targets of a song."""
    environment = Environment(nominal_model(rig), song_goals(rig, song), song_plan(rig, song).start)
    environment.reset()
    for row in targets:
        yield environment.step(row).observation["joint_targets"].copy()


@every_rig
def test_targets_anywhere_in_the_joint_ranges_move_the_hand_as_if_there_were_no_limits(
    rig: str,
) -> None:
    model, limits = nominal_model(rig), TargetLimits.of(load_rig(rig))
    limited, free = Simulator(model), Simulator(model)
    rng = np.random.default_rng(1)
    before, changed = np.zeros(model.n_joints), 0
    for _ in range(200):
        targets = rng.uniform(model.joint_low, model.joint_high)
        before = limits.limit(targets, before, limited.joint_positions)
        changed += (before != targets).any()
        limited.advance(before)
        free.advance(targets)
        np.testing.assert_array_equal(limited.data.qpos, free.data.qpos)
    assert changed > 20


def test_in_real_time_a_target_is_limited_when_it_arrives() -> None:
    model = nominal_model("leap_rail_49")
    rig, limits = RealTimeSimulator(Simulator(model), 0), TargetLimits.of(model.rig)
    far = np.full(model.n_joints, 0.3)
    first = rig.set_targets(far, arrival_ns=0)
    np.testing.assert_array_equal(first, limits.limit(far, np.zeros(13), np.zeros(13)))
    assert first[0] < far[0]
    reached = rig.catch_up(20 * STEP_NS)[-1].joint_positions
    np.testing.assert_array_equal(rig.simulator.data.ctrl[model.actuators], first)
    second = rig.set_targets(far, arrival_ns=20 * STEP_NS)
    np.testing.assert_array_equal(second, limits.limit(far, first, reached))
    rig.hold(arrival_ns=20 * STEP_NS)
    third = rig.set_targets(-far, arrival_ns=20 * STEP_NS)
    np.testing.assert_array_equal(third, limits.limit(-far, reached, reached))

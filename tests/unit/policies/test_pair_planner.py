"""The planner for two hands: what it plans is what was heard, within limits, and it plays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from policies import Plan, make_plan
from policies.evaluation import evaluate
from policies.planner.pair import PairPlan, PairPlanParameters, make_pair_plan
from policies.planner.pair.aims import playing_aims
from policies.planner.pair.misfit import Misfit
from policies.planner.pair.motion import Motion, MotionOptimiser
from policies.planner.pair.posture import Posture, posture_of
from policies.planner.pair.servos import Servos
from score import CONTROL_STEP_S, Goals, Note
from sim import Simulator
from sim.pair import PAIRS
from sim.pair.rig import SIDES
from tests.unit.playing import nominal_pair
from tests.unit.policies.pair_planning import FIVE, PHRASE, hands, pair_goals, places, planned

every_pair = pytest.mark.parametrize("rig", PAIRS)
Floats = NDArray[np.float64]


ONE_WAY = replace(PairPlanParameters(), ways=1)


def plan_of(*notes: tuple[int, float, float], rig: str = FIVE) -> tuple[PairPlan, Goals]:
    goals = pair_goals(tuple(Note(*note, 64) for note in notes))
    return make_pair_plan(goals, nominal_pair(rig)), goals


@every_pair
def test_a_phrase_for_two_hands_is_played(rig: str) -> None:
    assert planned(rig).frame_f1 >= 0.9
    assert all(len(fingers) > 4 for fingers in planned(rig).fingers.values())


@every_pair
def test_who_plays_the_plan_hears_the_rehearsal(rig: str) -> None:
    played = evaluate(planned(rig).plan, nominal_pair(rig), pair_goals(PHRASE), 1)
    assert played.frame_f1 == planned(rig).frame_f1


@every_pair
def test_plans_keep_the_limits(rig: str) -> None:
    model, plan = nominal_pair(rig), planned(rig).plan
    assert plan.joint_names == model.joint_names
    for rows in (plan.references, plan.targets):
        assert rows.shape == (pair_goals(PHRASE).n_steps, model.n_joints)
        assert (rows >= model.joint_low).all()
        assert (rows <= model.joint_high).all()


def test_make_plan_plans_for_two_hands_with_their_pedal() -> None:
    goals = pair_goals(PHRASE[:2])
    goals = replace(goals, sustain=np.arange(goals.n_steps) % 4 < 2)
    plan = make_plan(goals, nominal_pair(FIVE))
    assert isinstance(plan, Plan)
    np.testing.assert_array_equal(plan.targets[:, -1], goals.sustain)
    assert evaluate(plan, nominal_pair(FIVE), goals, 1).pedal_f1 == 1.0


def test_planning_is_deterministic() -> None:
    goals, few = pair_goals(PHRASE[:5]), replace(PairPlanParameters(), ways=2)
    one, other = (make_pair_plan(goals, nominal_pair(FIVE), few) for _ in range(2))
    np.testing.assert_array_equal(one.plan.targets, other.plan.targets)


@every_pair
@pytest.mark.parametrize("pitch", [21, 60, 61, 107, 108])
def test_keys_from_end_to_end_are_played(rig: str, pitch: int) -> None:
    plan, _ = plan_of((pitch, 0.0, 0.5), rig=rig)
    assert plan.frame_f1 >= 0.95


def test_a_hand_with_nothing_to_do_keeps_clear() -> None:
    plan, _ = plan_of(*((72 + 2 * i, 0.5 * i, 0.5 * i + 0.4) for i in range(3)))
    assert plan.frame_f1 >= 0.9
    [busy], [idle] = (
        [s for s in SIDES if bool(plan.fingers[s]) == plays] for plays in (True, False)
    )
    forearm_y = {}
    for side, hand in hands(FIVE).items():
        across = plan.plan.references[:, hand.columns.start + hand.across]
        forearm_y[side] = hand.home_y + hand.across_y * across
    apart = forearm_y["right"] - forearm_y["left"]
    assert apart.min() > PairPlanParameters().forearm_gap_m
    assert np.ptp(forearm_y[idle]) < 0.01
    assert {busy, idle} == set(SIDES)


def test_too_many_notes_are_told() -> None:
    goals = pair_goals(tuple(Note(pitch, 0.0, 0.5, 64) for pitch in range(54, 67)))
    plan = make_pair_plan(goals, nominal_pair(FIVE), ONE_WAY)
    assert len(plan.left_out) == 3
    assert set(plan.left_out) < set(goals.presses)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_goals(steps: int) -> None:
    goals = pair_goals((Note(60, 0.0, 0.2, 64),))
    first = goals.presses[0].start
    keys = goals.keys[first : first + steps]
    press = replace(goals.presses[0], start=0, end=steps)
    short = replace(goals, keys=keys, sustain=goals.sustain[:steps], presses=(press,))
    assert make_pair_plan(short, nominal_pair(FIVE)).plan.targets.shape[0] == steps


def motion_of_phrase() -> Motion:
    """Five iterations on the phrase from both hands at rest where they are."""
    parameters, model = PairPlanParameters(), nominal_pair(FIVE)
    each = [posture_of(hands(FIVE)[side], parameters) for side in SIDES]
    both = Posture(
        *(
            np.concatenate([getattr(p, name) for p in each])
            for name in ("rest", "spread", "acceleration", "speed")
        )
    )
    low, high = model.joint_low[:-1], model.joint_high[:-1]
    optimise = MotionOptimiser(
        Misfit(hands(FIVE), model.keyboard, parameters), both, low, high, 0.3
    )
    steps = pair_goals(PHRASE).n_steps
    aims = [playing_aims(planned(FIVE).fingers[s], steps, 5, places(), parameters) for s in SIDES]
    return optimise(np.tile(both.rest, (steps, 1)), aims, 5)


def test_the_cost_of_a_motion_never_rises() -> None:
    motion, model = motion_of_phrase(), nominal_pair(FIVE)
    assert len(motion.costs) == 6
    assert (np.diff(motion.costs) < 0).all()
    assert (motion.joints >= model.joint_low[:-1]).all()
    assert (motion.joints <= model.joint_high[:-1]).all()


def test_misfit_slopes_equal_differences() -> None:
    """But for what has to be kept apart: how far depends on the way ahead, which is left out."""
    parameters, model = PairPlanParameters(), nominal_pair(FIVE)
    misfit, steps = Misfit(hands(FIVE), model.keyboard, parameters), pair_goals(PHRASE).n_steps
    joints = planned(FIVE).plan.references[:, :-1]
    aims = [playing_aims(planned(FIVE).fingers[s], steps, 5, places(), parameters) for s in SIDES]
    gradient = misfit(joints, aims).gradient
    scale = np.abs(gradient).max(axis=1)
    near = np.zeros(gradient.shape, bool)
    for joint in range(joints.shape[1]):
        moved = 1e-7 * (np.arange(joints.shape[1]) == joint)
        ahead, back = (misfit(joints + sign * moved, aims).cost for sign in (1, -1))
        slope = (ahead - back) / 4e-7
        near[:, joint] = np.abs(slope + gradient[:, joint]) < 1e-4 * scale
    assert near.mean() > 0.9


def test_servos_reach_what_their_targets_were_made_for() -> None:
    model = nominal_pair(FIVE)
    servos, simulator = Servos.of(model), Simulator(model)
    start = 0.5 * np.clip(model.joint_low, -0.5, 0.5) + 0.5 * np.clip(model.joint_high, -0.5, 0.5)
    simulator.reset(start)
    bend = model.joint_names.index("right_A_FFJ3")
    wanted = start[:-1].copy()
    wanted[bend] += 0.1
    targets = start.copy()
    targets[:-1] = servos.reach(wanted, start[:-1], np.zeros(len(wanted)))
    simulator.advance(targets)
    assert simulator.joint_positions[bend] - start[bend] == pytest.approx(0.1, abs=0.03)


def test_a_forearm_follows_a_motion() -> None:
    model = nominal_pair(FIVE)
    servos, simulator = Servos.of(model), Simulator(model)
    across = model.joint_names.index("right_forearm_tx")
    start = np.clip(np.zeros(model.n_joints), model.joint_low, model.joint_high)
    simulator.reset(start)
    time_s = np.arange(60) * CONTROL_STEP_S
    wanted = 0.05 * (1 - np.cos(2 * time_s))
    followed = []
    for target in servos.follow(across, wanted):
        targets = start.copy()
        targets[across] = target
        simulator.advance(targets)
        followed.append(simulator.joint_positions[across])
    assert np.abs(np.array(followed) - wanted).max() < 0.01


def test_several_ways_play_better_than_one() -> None:
    told: list[float] = []
    alone = make_pair_plan(pair_goals(PHRASE), nominal_pair(FIVE), ONE_WAY, told.append)
    assert alone.frame_f1 < planned(FIVE).frame_f1
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_another_simulator_goes_on_from_there() -> None:
    """Also with keys that sound, and with what the solver remembers."""
    model, plan = nominal_pair(FIVE), planned(FIVE).plan
    first, second = Simulator(model), Simulator(model)
    first.reset(plan.start)
    for targets in plan.targets[:16]:
        first.advance(targets)
    assert first.sounding_keys
    second.resume(first)
    for targets in plan.targets[16:32]:
        assert first.advance(targets) == second.advance(targets)
        np.testing.assert_array_equal(first.data.qpos, second.data.qpos)

"""One simulated rig: key events, delay, encoder offsets, determinism."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from score import KeyEvent
from sim import PHYSICS_STEP_S, PHYSICS_STEPS_PER_CONTROL, RigModel, Simulator
from tests.unit.playing import RIGS, nominal_model, random_targets, song_plan

every_rig = pytest.mark.parametrize("rig", RIGS)
seeds = st.integers(0, 2**32 - 1)


def played(model: RigModel, targets: NDArray[np.float64], start: NDArray[np.float64]) -> Simulator:
    simulator = Simulator(model)
    simulator.reset(start)
    for row in targets:
        simulator.advance(row)
    return simulator


@every_rig
@pytest.mark.parametrize("key", [0, 1, 24, 48])
def test_a_key_sounds_from_trigger_to_release(rig: str, key: int) -> None:
    model = nominal_model(rig)
    simulator = Simulator(model)
    still = np.zeros(model.n_joints)

    def put(depth: float) -> list[KeyEvent]:
        simulator.data.qpos[key] = depth * model.key_travel_rad[key]
        simulator.data.qvel[key] = 0.0
        return simulator.step(still)

    assert put(0.47) == []
    assert put(0.56) == [KeyEvent(0.01, key, True)]
    assert put(0.9) == []
    assert put(0.47) == []
    assert simulator.keys_down.nonzero()[0].tolist() == [key]
    assert put(0.38) == [KeyEvent(5 * PHYSICS_STEP_S, key, False)]
    assert put(0.47) == []
    assert not simulator.keys_down.any()


@every_rig
def test_a_planned_song_presses_keys_by_targets_alone(rig: str) -> None:
    """Events equal a plain reading of the angles, physics step by physics step."""
    model, plan = nominal_model(rig), song_plan(rig, "ode_to_joy")
    simulator = Simulator(model)
    simulator.reset(plan.start)
    events: list[KeyEvent] = []
    expected: list[KeyEvent] = []
    down = [False] * model.n_keys
    for step in range(100 * PHYSICS_STEPS_PER_CONTROL):
        events += simulator.step(plan.targets[step // PHYSICS_STEPS_PER_CONTROL])
        depths = simulator.data.qpos[: model.n_keys] / model.key_travel_rad
        for key, depth in enumerate(depths.tolist()):
            if down[key] != (depth >= (0.4 if down[key] else 0.5)):
                down[key] = not down[key]
                expected.append(KeyEvent((step + 1) * PHYSICS_STEP_S, key, down[key]))
        assert simulator.keys_down.tolist() == down
    assert events == expected
    assert len(events) > 10


@every_rig
@settings(max_examples=2, deadline=None)
@given(seed=seeds)
def test_events_alternate_and_come_in_order(rig: str, seed: int) -> None:
    model, plan = nominal_model(rig), song_plan(rig, "jingle_bells")
    shaken = plan.targets[:60] + random_targets(model, 60, seed, 0.1)
    simulator = Simulator(model)
    simulator.reset(plan.start)
    down = np.zeros(model.n_keys, bool)
    last_s = 0.0
    for targets in shaken:
        started_s = simulator.time_s
        for event in simulator.advance(targets):
            assert event.time_s > started_s
            assert last_s <= event.time_s <= simulator.time_s
            assert down[event.key] != event.down
            down[event.key], last_s = event.down, event.time_s
        np.testing.assert_array_equal(simulator.keys_down, down)
    assert simulator.time_s == pytest.approx(60 * 0.05)


@every_rig
@pytest.mark.parametrize("delay", [1, 7, 10, 23])
def test_command_delay_is_exactly_that_many_physics_steps(rig: str, delay: int) -> None:
    model, plan = nominal_model(rig), song_plan(rig, "ode_to_joy")
    late = Simulator(replace(model, command_delay_s=delay * PHYSICS_STEP_S))
    prompt = Simulator(model)
    late.reset(plan.start)
    prompt.reset(plan.start)
    sent = np.repeat(plan.targets[:15], PHYSICS_STEPS_PER_CONTROL, axis=0)
    for step, targets in enumerate(sent):
        late.step(targets)
        prompt.step(plan.start if step < delay else sent[step - delay])
        np.testing.assert_array_equal(late.data.qpos, prompt.data.qpos)
    assert np.abs(late.joint_positions - plan.start).max() > 0.001


@settings(max_examples=20, deadline=None)
@given(delay_s=st.floats(0, 0.06), seed=seeds)
def test_servos_get_the_mean_of_the_targets_in_force(delay_s: float, seed: int) -> None:
    """Against an integral over the physics step on a fine grid."""
    model = replace(nominal_model(RIGS[0]), command_delay_s=delay_s)
    simulator, start = Simulator(model), 0.01 * np.ones(model.n_joints)
    simulator.reset(start)
    sent = random_targets(model, 20, seed)
    fine_s = (np.arange(1000) + 0.5) * PHYSICS_STEP_S / 1000
    for step, targets in enumerate(sent):
        simulator.step(targets)
        at_s = (step * PHYSICS_STEP_S + fine_s - delay_s) / PHYSICS_STEP_S
        in_force = np.concatenate([[start], sent])[np.maximum(np.floor(at_s).astype(int) + 1, 0)]
        got = simulator.data.ctrl[model.actuators]
        np.testing.assert_allclose(got, in_force.mean(axis=0), atol=3e-3)


def test_a_little_more_delay_changes_a_little() -> None:
    model, plan = nominal_model(RIGS[0]), song_plan(RIGS[0], "ode_to_joy")

    def reached(delay_s: float) -> Simulator:
        return played(replace(model, command_delay_s=delay_s), plan.targets[:8], plan.start)

    delays_s = np.arange(0.0, 0.0121, 0.0005)
    ways = np.array([reached(each).data.qpos[model.joint_qpos] for each in delays_s])
    steps = np.abs(np.diff(ways, axis=0)).max(axis=1)
    assert steps.max() < 3 * np.median(steps)
    np.testing.assert_array_equal(ways[10], reached(0.005 - 1e-10).data.qpos[model.joint_qpos])


@every_rig
def test_an_encoder_offset_acts_on_command_and_reading(rig: str) -> None:
    model, plan = nominal_model(rig), song_plan(rig, "ode_to_joy")
    offset = np.linspace(-0.01, 0.01, model.n_joints)
    wrong = Simulator(replace(model, joint_offset=offset))
    true = Simulator(model)
    wrong.reset(plan.start)
    true.reset(plan.start + offset)
    np.testing.assert_allclose(wrong.joint_positions, plan.start, rtol=0, atol=1e-15)
    for targets in plan.targets[:30]:
        wrong.advance(targets)
        true.advance(targets + offset)
        np.testing.assert_array_equal(wrong.data.qpos, true.data.qpos)
        read = true.joint_positions - offset
        np.testing.assert_allclose(wrong.joint_positions, read, rtol=0, atol=1e-15)


@every_rig
def test_the_same_commands_give_the_same_states(rig: str) -> None:
    model, plan = nominal_model(rig), song_plan(rig, "ode_to_joy")
    first = played(model, plan.targets[:40], plan.start)
    again = played(model, plan.targets[:40], plan.start)
    np.testing.assert_array_equal(first.data.qpos, again.data.qpos)
    again.reset(plan.start)  # also from a used simulator
    assert again.time_s == 0.0
    assert not again.keys_down.any()
    for targets in plan.targets[:40]:
        again.advance(targets)
    np.testing.assert_array_equal(first.data.qpos, again.data.qpos)
    np.testing.assert_array_equal(first.data.qvel, again.data.qvel)


@every_rig
@pytest.mark.parametrize("delay_s", [0.0, 0.035])
@settings(max_examples=2, deadline=None)
@given(seed=seeds)
def test_a_control_step_is_ten_physics_steps(rig: str, delay_s: float, seed: int) -> None:
    model = replace(nominal_model(rig), command_delay_s=delay_s)
    whole, parts = Simulator(model), Simulator(model)
    for targets in random_targets(model, 15, seed):
        events = whole.advance(targets)
        pieces = [event for _ in range(10) for event in parts.step(targets)]
        assert events == pieces
        assert whole.time_s == parts.time_s
        np.testing.assert_array_equal(whole.data.qpos, parts.data.qpos)
        np.testing.assert_array_equal(whole.data.qvel, parts.data.qvel)


@every_rig
def test_targets_beyond_the_limits_do_not_leave_them(rig: str) -> None:
    model = nominal_model(rig)
    simulator = Simulator(model)
    for _ in range(30):
        simulator.advance(np.full(model.n_joints, 1e3))
    assert np.isfinite(simulator.data.qpos).all()
    limits = np.r_[model.rig.rail.force_limit_n, [model.rig.finger.torque_limit_nm] * 12]
    assert (np.abs(simulator.data.actuator_force) <= limits).all()
    assert (simulator.joint_positions < model.joint_high + 0.02).all()


@every_rig
def test_fingertips_are_five_milliseconds_old(rig: str) -> None:
    """As the docstring says."""
    model = nominal_model(rig)
    simulator, before = Simulator(model), Simulator(model)
    for targets in np.repeat(random_targets(model, 3, 0), 10, axis=0):
        before.data.qpos[:] = simulator.data.qpos
        simulator.step(targets)

    mujoco.mj_kinematics(model.mj, before.data)
    np.testing.assert_array_equal(simulator.fingertips, before.fingertips)

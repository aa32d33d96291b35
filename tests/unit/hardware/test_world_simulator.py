"""The rig in a world: delays, jitter, noise, play, friction, servos; the same trial, the same."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.errors import WorldError
from hardware.world import World, WorldSimulator, load_world
from hardware.world.draws import Draws
from hardware.world.lines import CommandLine, StateLine
from hardware.world.simulator import midi_velocity
from score import KeyEvent
from sim import PHYSICS_STEP_S, load_rig
from tests.unit.playing import song_plan

LEAP = "leap_rail_49"
PLAN = song_plan(LEAP, "ode_to_joy")
Floats = NDArray[np.float64]


def simulator_in(*, trial: int = 0, **sections: dict[str, float]) -> WorldSimulator:
    world = World.model_validate({"schema": 1, "name": "test", "seed": 7, **sections})
    simulator = WorldSimulator(load_rig(LEAP), world, trial)
    simulator.reset(PLAN.start)
    return simulator


def played(simulator: WorldSimulator, steps: int) -> tuple[Floats, Floats, list[KeyEvent]]:
    """Readings, true encoders and key events of the first physics steps of the plan."""
    readings, true, events = [], [], []
    for targets in np.repeat(PLAN.targets, 10, axis=0)[:steps]:
        events += simulator.step(targets)
        readings.append(np.r_[simulator.joint_positions, simulator.joint_velocities])
        true.append(simulator.data.qpos[simulator.model.joint_qpos] - simulator.model.joint_offset)
    return np.array(readings), np.array(true), events


def in_workshop(trial: int) -> WorldSimulator:
    simulator = WorldSimulator(load_rig(LEAP), load_world("workshop-a"), trial)
    simulator.reset(PLAN.start)
    return simulator


def test_the_same_trial_is_the_same_bit_for_bit_and_another_is_not() -> None:
    first, again, other = (played(in_workshop(trial), 300) for trial in (1, 1, 2))
    for one, two, three in zip(first[:2], again[:2], other[:2], strict=True):
        np.testing.assert_array_equal(one, two)
        assert (one != three).any()
    assert first[2] == again[2]


def test_a_reset_starts_the_trial_again() -> None:
    simulator = in_workshop(1)
    first = played(simulator, 100)
    simulator.reset(PLAN.start)
    again = played(simulator, 100)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


def test_looking_changes_nothing() -> None:
    simulator = in_workshop(0)
    for targets in PLAN.targets[:5]:
        simulator.advance(targets)
        np.testing.assert_array_equal(simulator.joint_positions, simulator.joint_positions)
    unseen = in_workshop(0)
    for targets in PLAN.targets[:5]:
        unseen.advance(targets)
    np.testing.assert_array_equal(simulator.joint_velocities, unseen.joint_velocities)


def test_there_is_no_trial_before_the_first() -> None:
    with pytest.raises(WorldError, match="trial -1"):
        simulator_in(trial=-1)


def test_states_are_late_by_their_delay() -> None:
    prompt, _, _ = played(simulator_in(), 60)
    late, _, _ = played(simulator_in(timing={"state_delay_s": 0.015}), 60)
    np.testing.assert_array_equal(late[3:], prompt[:-3])
    np.testing.assert_array_equal(late[2, :13], PLAN.start)


delays = st.floats(0, 0.05)
jitters = st.floats(0.0001, 0.02)


def draws_of(delay_s: float, jitter_s: float, seed: int = 0) -> Draws:
    timing = {"command_delay_s": delay_s, "state_delay_s": delay_s, "jitter_s": jitter_s}
    world = World.model_validate({"schema": 1, "name": "x", "seed": seed, "timing": timing})
    return Draws(world, 0)


@settings(max_examples=30, deadline=None)
@given(delay_s=delays, jitter_s=jitters, seed=st.integers(0, 99))
def test_commands_arrive_in_order_and_within_the_jitter(
    delay_s: float, jitter_s: float, seed: int
) -> None:
    """A command that rises by one each step shows its age; its mean over a step is half older."""
    line = CommandLine(np.array([-100.0]), draws_of(delay_s, jitter_s, seed).command_delays())
    arrived = np.array([line(np.array([float(step)]))[0] for step in range(100)])
    assert (np.diff(arrived) >= 0).all()
    known = arrived[arrived >= 0]
    age_s = (np.arange(100)[arrived >= 0] - known) * PHYSICS_STEP_S
    assert (age_s >= max(delay_s - jitter_s, 0.0) - 1.001 * PHYSICS_STEP_S).all()
    assert (age_s <= delay_s + jitter_s + 1e-9).all()


def test_a_command_within_a_step_acts_for_the_rest_of_it() -> None:
    line = CommandLine(np.zeros(1), iter([1.25]))
    assert [float(line(np.ones(1))[0]) for _ in range(4)] == [0.0, 0.75, 1.0, 1.0]


def test_a_late_command_holds_up_the_next() -> None:
    line = CommandLine(np.zeros(1), iter([2.0, 0.0, 0.0]))
    sent = [1.0, 2.0, 3.0, 3.0]
    assert [float(line(np.array([value]))[0]) for value in sent] == [0.0, 0.0, 3.0, 3.0]


@settings(max_examples=30, deadline=None)
@given(delay_s=delays, jitter_s=jitters, seed=st.integers(0, 99))
def test_states_are_as_old_as_their_delay(delay_s: float, jitter_s: float, seed: int) -> None:
    longest = (delay_s + jitter_s) / PHYSICS_STEP_S
    line = StateLine(np.zeros(1), draws_of(delay_s, jitter_s, seed).state_delays(), longest)
    read = np.array([line(np.array([float(step)]))[0] for step in range(1, 100)])
    assert (np.diff(read) >= -1e-9).all()
    age_s = (np.arange(1, 100) - read)[40:] * PHYSICS_STEP_S
    assert (age_s >= max(delay_s - jitter_s, 0.0) - 1e-9).all()
    assert (age_s <= delay_s + jitter_s + 1e-9).all()


def test_jitter_leaves_the_mean_delay() -> None:
    late = draws_of(0.0225, 0.004).command_delays()
    drawn_s = np.array([next(late) for _ in range(2000)]) * PHYSICS_STEP_S
    assert drawn_s.mean() == pytest.approx(0.0225, abs=0.0002)
    assert drawn_s.min() < 0.0187
    assert drawn_s.max() > 0.0263


def test_encoders_add_their_noise_to_readings_only() -> None:
    quiet, true_quiet, _ = played(simulator_in(), 400)
    noisy, true_noisy, _ = played(simulator_in(sensing={"encoder_noise_rad": 0.002}), 400)
    np.testing.assert_array_equal(true_quiet, true_noisy)
    noise = (noisy - quiet).std(axis=0)
    np.testing.assert_allclose(noise[1:13], 0.002, rtol=0.15)
    assert noise[0] == pytest.approx(0.002 * 0.04, rel=0.15)  # by the pulley's radius
    np.testing.assert_allclose(noise[14:], 0.04, rtol=0.15)


def test_zeros_act_on_commands_and_readings_alike() -> None:
    simulator = simulator_in(hand={"offset_std_rad": 0.01})
    offset = simulator.model.joint_offset
    assert np.abs(offset[1:]).min() > 1e-5
    np.testing.assert_allclose(simulator.joint_positions, PLAN.start, atol=1e-15)
    for _ in range(60):
        simulator.advance(PLAN.start)
    np.testing.assert_allclose(simulator.joint_positions, PLAN.start, atol=0.02)
    links = simulator.data.qpos[simulator.model.joint_qpos]
    np.testing.assert_allclose(links - simulator.joint_positions, offset, atol=1e-15)


def test_play_lies_between_encoder_and_link() -> None:
    simulator = simulator_in(hand={"backlash_rad": 0.012}, rail={"backlash_m": 0.0008})
    readings, links, events = played(simulator, 1500)
    ahead = (readings[:, :13] - links) / np.r_[0.0004, [0.006] * 12]
    assert np.abs(ahead).max() <= 1 + 1e-9
    assert (np.abs(ahead).max(axis=0)[[0, 1]] > 0.99).all()  # loaded to the end, both ways
    assert (ahead.min(axis=0)[[0, 1]] < -0.5).all()
    assert len(events) > 10
    speeds = np.diff(readings[:, 1:13], axis=0) / PHYSICS_STEP_S
    np.testing.assert_allclose(
        speeds, readings[1:, 14:], atol=1e-9
    )  # encoders agree with themselves


def test_play_rests_where_nothing_loads_it() -> None:
    simulator = simulator_in(hand={"backlash_rad": 0.012})
    for _ in range(400):
        simulator.step(PLAN.start)
    links = simulator.data.qpos[simulator.model.joint_qpos]
    before = simulator.joint_positions - links
    for _ in range(100):
        simulator.step(PLAN.start)
    links = simulator.data.qpos[simulator.model.joint_qpos]
    np.testing.assert_allclose(simulator.joint_positions - links, before, atol=1e-4)


def test_the_narrower_the_play_the_less_it_does() -> None:
    plain = played(simulator_in(), 600)[1]
    off = [
        np.abs(played(simulator_in(hand={"backlash_rad": play}), 600)[1] - plain).mean()
        for play in (0.012, 0.003, 1e-6)
    ]
    assert off[0] > off[1] > off[2]
    assert off[2] < 1e-6


def test_friction_rows_of_the_solver_are_those_of_the_fingers() -> None:
    """`Play` relies on it: while keys with friction sleep and wake, the fingers' rows are last."""
    simulator = simulator_in(keyboard={"friction_nm": 0.002}, hand={"backlash_rad": 0.012})
    counts = set()
    for targets in PLAN.targets[:60]:
        simulator.advance(targets)
        data, n = simulator.data, simulator.data.nf
        rows = slice(n - 12, n)
        assert (data.efc_type[rows] == mujoco.mjtConstraint.mjCNSTR_FRICTION_DOF).all()
        np.testing.assert_array_equal(data.efc_id[rows], simulator.model.joint_qvel[1:])
        counts.add(n)
    assert len(counts) > 1


def test_friction_falls_with_speed() -> None:
    simulator = simulator_in(hand={"stribeck": 0.5, "frictionloss_scale": 2.0})
    joint = simulator.model.joint_qvel[1]
    friction = simulator.model.mj.dof_frictionloss
    seen = []
    for speed in (0.0, 0.2, 20.0):
        simulator.data.qvel[joint] = speed
        simulator.step(PLAN.start)
        seen.append(friction[joint] / 0.04)
    np.testing.assert_allclose(seen, [1.5, 1.25, 1.0], rtol=1e-3)


def test_servos_go_limp_and_hold_again() -> None:
    simulator = simulator_in()
    still, high = np.full(13, False), np.full(13, 1e3)
    simulator.set_servos(still, high)
    for targets in PLAN.targets[:10]:
        simulator.advance(targets)
    assert not simulator.data.actuator_force.any()
    simulator.set_servos(~still, high)
    simulator.reset(PLAN.start)
    again = played(simulator, 100)[1]
    np.testing.assert_array_equal(again, played(simulator_in(), 100)[1])


def test_a_current_limit_limits_what_the_current_makes() -> None:
    simulator = simulator_in()
    limit = np.full(13, 0.05)
    limit[0] = 5.0
    simulator.set_servos(np.full(13, True), limit)
    most = np.zeros(13)
    for targets in np.repeat(PLAN.targets[:40], 10, axis=0):
        velocities = simulator.data.qvel[simulator.model.joint_qvel].copy()
        simulator.step(targets)
        emf = simulator.model.mj.dof_damping[simulator.model.joint_qvel]
        most = np.maximum(most, np.abs(simulator.data.actuator_force - emf * velocities))
    assert (most <= limit + 1e-9).all()
    assert (most[1:] > 0.049).any()


def test_gains_scale_the_servos() -> None:
    simulator = simulator_in()
    simulator.set_servos(np.full(13, True), np.full(13, 1e3), 0.5, 0.0)
    simulator.step(PLAN.start + 0.01)
    force = simulator.data.actuator_force[simulator.model.actuators]
    np.testing.assert_allclose(force, 0.5 * 0.01 * np.r_[2000.0, [3.0] * 12], rtol=1e-9)


def test_keys_tell_how_fast_they_were_struck() -> None:
    _, _, events = played(simulator_in(), 1500)
    struck = [event.velocity for event in events if event.down]
    assert len(struck) > 5
    assert all(20 < velocity < 90 for velocity in struck)
    assert len(set(struck)) > 1


def test_velocity_rises_with_the_logarithm_of_speed() -> None:
    assert midi_velocity(0.3) == 64
    assert midi_velocity(0.6) == 89
    assert midi_velocity(0.15) == 39
    assert midi_velocity(0.0) == 1
    assert midi_velocity(100.0) == 127

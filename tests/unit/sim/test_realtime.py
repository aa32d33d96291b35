"""Real-time pacing, on a clock that the tests turn by hand."""

import os
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from score import CONTROL_STEP_S
from sim import RigModel, Simulator, build_model, load_rig
from sim.realtime import STEP_NS, RealTimeSimulator, RigState, request_realtime, run_paced

START_NS = 7_000_000_000
CONTROL_NS = round(CONTROL_STEP_S * 1e9)


@pytest.fixture(scope="module")
def model() -> RigModel:
    return build_model(load_rig("leap_rail_49"))


@pytest.fixture
def rig(model: RigModel) -> RealTimeSimulator:
    return RealTimeSimulator(Simulator(model), START_NS)


def wiggle(model: RigModel, t: int) -> NDArray[np.float64]:
    """Targets of control step `t` that keep the joints moving."""
    middle = (model.joint_low + model.joint_high) / 2
    return np.asarray(middle + 0.2 * np.sin(t) * (model.joint_high - middle))


def test_same_as_in_process_when_targets_take_less_than_half_a_step(
    model: RigModel, rig: RealTimeSimulator
) -> None:
    direct = Simulator(model)
    start = np.array(direct.joint_positions)
    rng = np.random.default_rng(0)
    for t in range(20):
        direct.advance(wiggle(model, t) if t else start)
        if t:
            delay_ns = int(rng.integers(1, STEP_NS // 2))
            rig.set_targets(wiggle(model, t), START_NS + t * CONTROL_NS + delay_ns)
        rig.catch_up(START_NS + (t + 1) * CONTROL_NS)
        np.testing.assert_array_equal(rig.simulator.joint_positions, direct.joint_positions)


@pytest.mark.parametrize(("delay_ns", "first_step"), [(2_400_000, 0), (2_500_000, 1)])
def test_a_target_acts_from_the_physics_step_nearest_to_its_arrival(
    model: RigModel, rig: RealTimeSimulator, delay_ns: int, first_step: int
) -> None:
    rig.set_targets(wiggle(model, 1), START_NS + delay_ns)
    states = rig.catch_up(START_NS + 3 * STEP_NS)
    still = np.array(Simulator(model).joint_positions)
    direct = Simulator(model)
    for step, state in enumerate(states):
        direct.step(wiggle(model, 1) if step >= first_step else still)
        np.testing.assert_array_equal(state.joint_positions, direct.joint_positions)


def test_states_carry_the_time_of_their_step_however_late_they_are_computed(
    rig: RealTimeSimulator,
) -> None:
    states = rig.catch_up(START_NS + 7 * STEP_NS + 1_234_567)
    assert [state.time_ns for state in states] == [START_NS + k * STEP_NS for k in range(1, 8)]


def test_late_steps_are_counted(rig: RealTimeSimulator) -> None:
    rig.catch_up(START_NS + STEP_NS)
    assert rig.report.late == 0
    rig.catch_up(START_NS + 4 * STEP_NS)
    assert (rig.report.steps, rig.report.late) == (4, 2)


def test_catching_up_is_bounded_and_the_rest_is_reported_as_lost(rig: RealTimeSimulator) -> None:
    states = rig.catch_up(START_NS + 60 * STEP_NS)
    assert len(states) == 20
    assert rig.report.lost_s == pytest.approx(40 * STEP_NS / 1e9)
    assert rig.time_ns == START_NS + 60 * STEP_NS


def test_hold_stops_the_joints_where_they_are(model: RigModel, rig: RealTimeSimulator) -> None:
    rig.set_targets(wiggle(model, 1), START_NS)
    rig.catch_up(START_NS + 10 * STEP_NS)
    rig.hold(rig.time_ns)
    there = rig.simulator.joint_positions.copy()
    for _ in range(20):  # the joints swing out
        rig.catch_up(rig.time_ns + 20 * STEP_NS)
    assert np.abs(rig.simulator.joint_positions - there).max() < 0.02
    assert np.abs(rig.simulator.joint_velocities).max() < 0.01


def test_the_loop_keeps_the_pace_of_the_clock(model: RigModel) -> None:
    rig = RealTimeSimulator(Simulator(model), time.monotonic_ns())
    stop = threading.Event()
    states: list[RigState] = []
    early_ns: list[int] = []

    def prepare(state: RigState) -> Callable[[], None]:
        states.append(state)
        return lambda: early_ns.append(state.time_ns - time.monotonic_ns())

    loop = threading.Thread(target=run_paced, args=(rig, prepare, stop))
    loop.start()
    time.sleep(0.3)
    stop.set()
    loop.join(timeout=2)
    assert not loop.is_alive()
    behind_s = (time.monotonic_ns() - states[-1].time_ns) / 1e9
    assert behind_s < 0.1
    assert max(early_ns) <= 0  # no state is told before its time
    assert rig.report.steps + rig.report.lost_s * 200 >= 40


def test_what_a_realtime_thread_starts_is_ordinary() -> None:
    found = []

    def start_another() -> None:
        request_realtime()
        other = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
        other.start()
        other.join()

    thread = threading.Thread(target=start_another)
    thread.start()
    thread.join()
    assert found == [os.SCHED_OTHER]

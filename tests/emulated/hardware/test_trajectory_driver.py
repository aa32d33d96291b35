"""The driver of trajectory controllers, on emulated ones: no ROS, but real time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from hardware.emulator.controllers import EmulatedControllers
from hardware.errors import HardwareError, MotorFault, SafetyStop
from hardware.hand.state import HandState
from hardware.safety import SafetyState
from hardware.trajectory.driver import TrajectoryDriver
from hardware.trajectory.joints import Reading
from hardware.world import World, load_world
from sim import SimError, load_rig
from tests.emulated.graph import until

RIG = load_rig("allegro_slide_49")
NOMINAL = load_world("nominal")
HAND, SLIDE = 0, 1


class Cable:
    """Joins driver and controllers; pieces of it can be cut."""

    def __init__(self) -> None:
        self.cut: set[int] = set()  # controllers whose readings get lost
        self.held: set[int] = set()  # controllers that follow nothing
        self.deaf_topics: list[str] = []
        self.sent: list[tuple[int, np.ndarray[Any, Any]]] = []
        self.closed = False
        self.controllers: EmulatedControllers | None = None
        self._heard: Callable[[int, Reading], None] = lambda *_: None

    def open(self, heard: Callable[[int, Reading], None]) -> Cable:
        self._heard = heard
        return self

    def tell(self, controller: int, reading: Reading) -> None:
        if controller not in self.cut:
            self._heard(controller, reading)

    def send(self, controller: int, targets: np.ndarray[Any, Any]) -> None:
        self.sent.append((controller, targets))
        if self.controllers is not None and controller not in self.held:
            self.controllers.take(controller, targets)

    def deaf(self) -> list[str]:
        return self.deaf_topics

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def cable(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cable]:
    monkeypatch.setattr("hardware.trajectory.rising.LIFT_S", 0.4)
    cable = Cable()
    with EmulatedControllers(RIG, NOMINAL, cable.tell) as controllers:
        cable.controllers = controllers
        yield cable


@pytest.fixture
def driver(cable: Cable) -> Iterator[TrajectoryDriver]:
    """A hand that is up."""
    with closing(TrajectoryDriver(RIG, cable.open, patience_s=0.5)) as driver:
        driver.connect()
        driver.activate()
        yield driver


def states_of(driver: TrajectoryDriver) -> list[HandState]:
    states: list[HandState] = []
    driver.on_cycle(states.append)
    assert until(lambda: len(states) > 3)
    return states


def test_targets_are_followed_and_told(cable: Cable, driver: TrajectoryDriver) -> None:
    states = states_of(driver)
    assert driver.mode == "held"  # resting
    here = states[-1].positions
    goal = here + np.array([0.05, *[0.2] * 12])
    modes = []
    for _ in range(20):
        driver.set_targets(goal)
        time.sleep(0.04)
        modes.append(driver.mode)
    assert modes.count(SafetyState.ACTIVE) > 15  # a busy machine may be late for a command and hold
    assert np.abs(states[-1].positions - goal)[0] < 0.01
    assert np.abs(states[-1].positions - goal).max() < 0.1
    np.testing.assert_array_equal(states[-1].sent_targets, goal)
    assert np.isfinite(states[-1].efforts).all()
    times = np.diff([state.time_ns for state in states]) / 1e6
    assert times.min() > 0
    assert np.median(times) == pytest.approx(10.0, abs=1.0)
    parked = cable.sent[0][1][12:]
    np.testing.assert_allclose(parked, [RIG.hand.parked_rad[f"thj{i}"] for i in range(4)])


def test_silence_holds_and_only_a_person_ends_it(driver: TrajectoryDriver) -> None:
    states = states_of(driver)
    driver.set_targets(states[-1].positions)
    assert until(lambda: states[-1].reason == "no command for 100 ms", 1.0)
    driver.set_targets(states[-1].positions)
    time.sleep(1.1)
    with pytest.raises(SafetyStop, match="no command for 1 s: look at the hand"):
        driver.set_targets(states[-1].positions)
    driver.resume()
    driver.set_targets(states[-1].positions)


def test_a_stop_sends_the_joints_where_they_are(cable: Cable, driver: TrajectoryDriver) -> None:
    states = states_of(driver)
    here = states[-1].positions.copy()
    driver.set_targets(here + np.array([0.2, *[0.0] * 12]))
    time.sleep(0.03)
    driver.hold("a person said so")
    assert until(lambda: driver.mode == "held", 1.0)
    time.sleep(0.3)
    assert states[-1].positions[0] - here[0] < 0.1
    assert states[-1].sent_targets[0] - here[0] < 0.1
    with pytest.raises(SafetyStop, match="a person said so"):
        driver.set_targets(here)


def test_a_target_that_is_no_number_is_refused(driver: TrajectoryDriver) -> None:
    with pytest.raises(SimError, match="not finite"):
        driver.set_targets(np.full(13, np.nan))


def test_a_controller_that_falls_silent_ends_the_loop(
    cable: Cable, driver: TrajectoryDriver
) -> None:
    cable.cut.add(SLIDE)
    assert until(lambda: driver.failure is not None, 2.0)
    assert "nothing is heard on /slide_controller/joint_states" in str(driver.failure)
    assert not driver.active
    with pytest.raises(HardwareError, match="nothing is heard"):
        driver.set_targets(np.zeros(13))


def test_everything_missing_is_said_at_once_and_nothing_moves(cable: Cable) -> None:
    cable.cut, cable.deaf_topics = {HAND}, ["/slide_controller/joint_trajectory"]
    with closing(TrajectoryDriver(RIG, cable.open, patience_s=0.1)) as driver:
        driver.connect()
        with pytest.raises(HardwareError) as caught:
            driver.activate()
    assert str(caught.value).startswith(
        "nothing is heard on /allegro_controller/joint_states; nobody listens to /slide_contr"
    )
    assert cable.sent == []
    assert cable.closed


def test_a_finger_that_does_not_follow_is_named(cable: Cable) -> None:
    assert cable.controllers is not None
    cable.controllers.take(HAND, np.concatenate(([0.0, 0.8], np.zeros(14))))
    time.sleep(0.5)
    cable.held.add(HAND)
    with closing(TrajectoryDriver(RIG, cable.open)) as driver:
        driver.connect()
        with pytest.raises(MotorFault, match=r"ffj1 does not follow, it is 0\.\d rad off"):
            driver.activate()


def test_closing_stops_the_joints_and_may_be_repeated(
    cable: Cable, driver: TrajectoryDriver
) -> None:
    states = states_of(driver)
    driver.close()
    driver.close()
    assert cable.closed
    np.testing.assert_allclose(cable.sent[-1][1], states[-1].positions[:1], atol=2e-3)
    with pytest.raises(HardwareError, match="not active"):
        driver.set_targets(np.zeros(13))


def test_controllers_have_no_fault_events() -> None:
    world = World.model_validate(
        {"schema": 1, "name": "bad", "faults": {"events": [{"at_s": 1.0, "kind": "power_sag"}]}}
    )
    with pytest.raises(HardwareError, match="has fault events"):
        EmulatedControllers(RIG, world, lambda *_: None)

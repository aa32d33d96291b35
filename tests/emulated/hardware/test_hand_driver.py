"""The hand driver on emulated motors: from the first handshake to the last torque off."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from hardware.emulator.rig import EmulatedRig
from hardware.errors import HardwareError, MotorFault, PortLost, SafetyStop
from hardware.hand import homing
from hardware.hand.driver import HandDriver
from hardware.hand.state import HandState
from hardware.safety import SafetyState
from sim import SimError
from tests.emulated.hardware.hands import RIG, follow, rail_m, wait_for


def test_from_connect_to_close(emulated: EmulatedRig, driver: HandDriver) -> None:
    driver.connect()
    assert not any(motor.torque_on for motor in emulated.motors.values())
    driver.activate()
    assert all(motor.torque_on for motor in emulated.motors.values())
    assert emulated.motors["if_mcp"].table["Goal_Current"] == 1798
    assert emulated.motors["if_mcp"].table["Position_P_Gain"] == 600
    assert emulated.motors["rail"].table["Bus_Watchdog"] == 8

    assert wait_for(lambda: abs(driver.state().velocities[0]) < 1e-3)
    assert driver.state().positions[0] == pytest.approx(rail_m(emulated), abs=5e-4)

    seen: list[HandState] = []
    driver.on_cycle(seen.append)
    targets = np.linspace(0.05, 0.4, 13)
    targets[0] = -0.3
    assert driver.mode == SafetyState.HELD  # it rests until the first command
    assert follow(driver, targets, lambda: np.abs(driver.state().positions - targets).max() < 0.03)
    assert follow(driver, targets, lambda: np.abs(driver.state().velocities).max() < 1e-3)
    state = driver.state()
    assert (state.mode, state.reason) == (SafetyState.ACTIVE, "")
    assert np.array_equal(state.sent_targets, targets)
    assert not state.missing
    assert state.positions[0] == pytest.approx(rail_m(emulated), abs=1e-3)
    times_ns = np.array([each.time_ns for each in seen])
    assert (np.diff(times_ns) > 0).all()

    far = targets + 9.0
    driver.set_targets(far)
    assert wait_for(lambda: not np.array_equal(driver.state().sent_targets, targets))
    sent = driver.state().sent_targets
    assert sent[0] <= RIG.rail.range_m[1]
    assert (sent[1:] <= [RIG.hand_data.joint_range(name)[1] for name in RIG.joint_names[1:]]).all()
    with pytest.raises(SimError, match="not finite"):
        driver.set_targets(np.full(13, np.nan))
    driver.set_targets(targets)

    driver.close()
    assert not any(motor.torque_on for motor in emulated.motors.values())
    driver.close()
    with pytest.raises(HardwareError, match="not active"):
        driver.state()


def test_a_new_target_does_not_wait_for_the_next_period(
    emulated: EmulatedRig, driver: HandDriver
) -> None:
    driver.connect()
    driver.activate()
    motor, delays_ms = emulated.motors["if_mcp"], []
    for step in range(30):
        time.sleep(0.013)
        targets = driver.state().sent_targets.copy()
        targets[1] = 0.1 + 0.01 * step
        before = motor.table["Goal_Position"]
        started_ns = time.monotonic_ns()
        driver.set_targets(targets)
        assert wait_for(lambda was=before: motor.table["Goal_Position"] != was)  # type: ignore[misc]
        delays_ms.append((time.monotonic_ns() - started_ns) / 1e6)
    # With a period of 10 ms, waiting for it would take 5 ms on average.
    assert np.median(delays_ms) < 4.5
    assert driver.loop is not None
    assert driver.loop.report.extra > 15


def test_stopping_while_the_hand_rises_leaves_it_limp(
    emulated: EmulatedRig, driver: HandDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(homing, "LIFT_S", 5.0)
    driver.connect()
    with ThreadPoolExecutor(1) as thread:
        rising = thread.submit(driver.activate)
        assert wait_for(lambda: emulated.motors["rail"].torque_on)
        driver.deactivate()
        with pytest.raises(SafetyStop, match="stopped while it rose"):
            rising.result(2.0)
    assert not any(motor.torque_on for motor in emulated.motors.values())


def test_a_rail_without_a_stop_is_given_up_limp(
    emulated: EmulatedRig, driver: HandDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hardware.hand.homing._BEYOND_M", -0.656)
    driver.connect()
    with pytest.raises(MotorFault, match="without meeting its end stop"):
        driver.activate()
    assert not driver.active
    assert not any(motor.torque_on for motor in emulated.motors.values())


def test_unplugging_ends_the_driver_and_motors_hold(
    emulated: EmulatedRig, driver: HandDriver
) -> None:
    driver.connect()
    driver.activate()
    emulated.faults.serial_unplug()
    assert wait_for(lambda: driver.failure is not None, 0.5)
    with pytest.raises(PortLost, match="plug it in and connect again"):
        driver.set_targets(np.zeros(13))
    tables = [motor.table for motor in emulated.motors.values()]
    assert wait_for(lambda: all(table["Bus_Watchdog"] == -1 for table in tables), 0.5)
    with pytest.raises(MotorFault, match="not limp for sure"):
        driver.close()

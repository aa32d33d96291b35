"""The hand driver on emulated motors: from the first handshake to the last torque off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hardware.emulator import mechanics
from hardware.emulator.rig import EmulatedRig
from hardware.errors import BusError, DeviceError, HardwareError, MotorFault, PortLost, SafetyStop
from hardware.hand import homing
from hardware.hand.device import Device, nominal_device
from hardware.hand.driver import HandDriver
from hardware.hand.examination import examine_hand
from hardware.hand.service import reboot_joints, release_hand
from hardware.hand.state import HandState
from hardware.hand.wiggle import wiggle_joint
from hardware.safety import SafetyState
from hardware.world import load_world
from sim import SimError, load_rig

RIG = load_rig("leap_rail_49")
DEVICE = nominal_device(RIG)
HELD_A = 0.55
START_M = -0.322  # near the stop, so that homing takes a second


@pytest.fixture
def emulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedRig]:
    monkeypatch.setattr(mechanics, "RAIL_START_M", START_M)
    monkeypatch.setattr(homing, "LIFT_S", 0.2)  # the fingers are up already
    with EmulatedRig(RIG, load_world("nominal"), tmp_path / "motors") as rig:
        yield rig


@pytest.fixture
def driver(emulated: EmulatedRig) -> Iterator[HandDriver]:
    driver = HandDriver(RIG, DEVICE, str(emulated.device))
    try:
        yield driver
    finally:
        try:
            driver.close()
        except HardwareError:
            assert driver.bus is None  # closed all the same


def wait_for(condition: Callable[[], bool], patience_s: float = 3.0) -> bool:
    deadline_s = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.002)
    return True


def follow(driver: HandDriver, targets: np.ndarray, condition: Callable[[], bool]) -> bool:
    """Command the same targets twenty times a second until something is so, 3 s at most."""
    for _ in range(60):
        driver.set_targets(targets)
        if wait_for(condition, 0.05):
            return True
    return False


def rail_m(emulated: EmulatedRig) -> float:
    """Where the carriage really is."""
    simulator = emulated.mechanics.simulator
    return float(simulator.data.qpos[simulator.model.joint_qpos[0]])


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


def test_held_limp_and_back(emulated: EmulatedRig, driver: HandDriver) -> None:
    driver.connect()
    driver.activate()
    finger, rail = emulated.motors["if_mcp"], emulated.motors["rail"]
    targets = np.array([-0.31, *[0.5] * 12])
    assert follow(driver, targets, lambda: driver.state().positions[1] > 0.05)
    full_a = finger.current_limit_a, rail.current_limit_a
    assert min(full_a) > 1.7
    driver.hold("the test wants it")
    assert wait_for(lambda: driver.mode == SafetyState.HELD)
    assert finger.current_limit_a == pytest.approx(HELD_A, abs=5e-3)
    assert rail.current_limit_a == pytest.approx(HELD_A, abs=5e-3)
    assert finger.torque_on
    with pytest.raises(SafetyStop, match="the test wants it"):
        driver.set_targets(targets)

    assert wait_for(lambda: driver.mode == SafetyState.LIMP)  # a second later
    assert not any(motor.torque_on for motor in emulated.motors.values())
    before = driver.state().time_ns
    assert wait_for(lambda: driver.state().time_ns > before)  # and still tells where it is

    driver.resume()
    assert wait_for(lambda: driver.mode == SafetyState.HELD)
    assert all(motor.torque_on for motor in emulated.motors.values())
    assert np.abs(driver.state().sent_targets - driver.state().positions).max() < 0.06
    time.sleep(1.2)
    assert driver.mode == SafetyState.HELD  # a rest is no silence
    driver.set_targets(targets)
    assert wait_for(lambda: driver.mode == SafetyState.ACTIVE)
    assert (finger.current_limit_a, rail.current_limit_a) == full_a
    assert driver.health is not None
    assert driver.health.supply_v["rail"] == 5.0
    assert driver.health.temperature_c["th_ipl"] == 30.0


def test_silence_holds_and_then_lets_go(emulated: EmulatedRig, driver: HandDriver) -> None:
    driver.connect()
    driver.activate()
    driver.set_targets(driver.state().positions)
    started_s = time.monotonic()
    assert wait_for(lambda: driver.mode == SafetyState.ACTIVE, 0.1)
    assert wait_for(lambda: driver.mode == SafetyState.HELD)
    held_s = time.monotonic() - started_s
    assert wait_for(lambda: driver.mode == SafetyState.LIMP)
    limp_s = time.monotonic() - started_s
    assert 0.09 < held_s < 0.2
    assert 0.95 < limp_s < 1.2
    with pytest.raises(SafetyStop, match="no command for 1 s"):
        driver.set_targets(driver.state().positions)


def test_an_overload_makes_the_whole_hand_limp(emulated: EmulatedRig, driver: HandDriver) -> None:
    driver.connect()
    driver.activate()
    emulated.faults.motor_overload("rf_mcp")
    assert wait_for(lambda: driver.mode == SafetyState.LIMP, 0.2)
    assert not any(motor.torque_on for motor in emulated.motors.values())
    assert "rf_mcp (motor 9) reports overload" in driver.state().reason
    with pytest.raises(SafetyStop, match="dacapo hand reboot rf_mcp"):
        driver.resume()
    assert driver.mode == SafetyState.LIMP


def test_a_silent_motor_stops_the_hand(emulated: EmulatedRig, driver: HandDriver) -> None:
    driver.connect()
    driver.activate()
    emulated.faults.motor_silent("mf_dip")
    assert wait_for(lambda: "no answer from mf_dip" in driver.state().reason, 1.0)
    assert driver.state().missing == ("mf_dip",)
    assert wait_for(lambda: driver.mode == SafetyState.LIMP)
    assert not any(m.torque_on for joint, m in emulated.motors.items() if joint != "mf_dip")


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


def test_a_computer_that_leaves_the_motors_alone_is_told(
    emulated: EmulatedRig, driver: HandDriver
) -> None:
    driver.connect()
    driver.activate()
    driver.on_cycle(lambda _: time.sleep(0.25))  # longer than the motors' own patience
    assert wait_for(lambda: driver.mode == SafetyState.LIMP)
    assert "left the motors alone for 0." in driver.state().reason
    driver.deactivate()
    assert not any(motor.torque_on for motor in emulated.motors.values())


def test_a_killed_driver_leaves_motors_that_hold_and_the_next_one_says_so(
    emulated: EmulatedRig, driver: HandDriver
) -> None:
    driver.connect()
    driver.activate()
    assert driver.loop is not None
    assert driver.bus is not None
    driver.loop.stop()  # as when the process is gone: nobody talks, nobody lets go
    driver.bus.port.close()
    tables = [motor.table for motor in emulated.motors.values()]
    assert wait_for(lambda: all(table["Bus_Watchdog"] == -1 for table in tables), 0.5)
    assert all(motor.torque_on for motor in emulated.motors.values())

    successor = HandDriver(RIG, DEVICE, str(emulated.device))
    with pytest.raises(MotorFault, match=r"ended without letting go.*dacapo hand release"):
        successor.connect()
    assert release_hand(RIG, str(emulated.device)) == []
    assert not any(motor.torque_on for motor in emulated.motors.values())
    with successor:
        assert successor.bus is not None


def test_motors_that_pull_are_left_alone(emulated: EmulatedRig, driver: HandDriver) -> None:
    emulated.motors["mf_pip"].write(64, b"\x01")
    with pytest.raises(MotorFault, match=r"pull already \(mf_pip\).*dacapo hand release"):
        driver.connect()
    assert emulated.motors["mf_pip"].torque_on


def test_missing_and_wrong_motors_are_listed_at_once(
    emulated: EmulatedRig, driver: HandDriver
) -> None:
    emulated.faults.motor_silent("rf_dip")
    emulated.motors["if_rot"].table["Model_Number"] = 1200
    emulated.motors["mf_dip"].table["Return_Delay_Time"] = 250
    with pytest.raises(BusError) as caught:
        driver.connect()
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    for part in ("motor 11 is missing", "motor 0 is a xl330_m288", "not 0 on motors 7"):
        assert part in message
    assert driver.bus is None


def test_the_file_of_another_hand_is_refused(emulated: EmulatedRig) -> None:
    joints = dict(DEVICE.joints)
    joints["if_mcp"] = joints["if_mcp"].model_copy(update={"homing_offset_rad": 0.3})
    other: Device = DEVICE.model_copy(update={"joints": joints, "device": "the other"})
    with pytest.raises(DeviceError, match=r"'the other' is not of this hardware \(if_mcp"):
        HandDriver(RIG, other, str(emulated.device)).connect()
    device = DEVICE.model_copy(update={"adapter": "FT1"})
    with pytest.raises(DeviceError, match="adapter without a serial number, not FT1"):
        HandDriver(RIG, device, str(emulated.device)).connect()


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


def test_an_overloaded_motor_is_told_and_rebooted_by_name(
    emulated: EmulatedRig, driver: HandDriver
) -> None:
    emulated.faults.motor_overload("rf_mcp")
    with pytest.raises(BusError, match="motor 9 overload"):
        driver.connect()
    outcome = reboot_joints(RIG, str(emulated.device), ["rf_mcp"])
    assert outcome == {"rf_mcp": "restarted; it had overload"}
    driver.connect()


def test_wiggle_moves_one_joint_and_leaves_it_limp(emulated: EmulatedRig) -> None:
    result = wiggle_joint(RIG, DEVICE, str(emulated.device), "mf_mcp")
    assert result.followed
    assert result.others == ()
    assert result.moved == pytest.approx(0.25, abs=0.05)
    assert not any(motor.torque_on for motor in emulated.motors.values())


def test_the_examination_moves_nothing_and_finds_everything_well(emulated: EmulatedRig) -> None:
    before = {joint: motor.goal_rad for joint, motor in emulated.motors.items()}
    findings = list(examine_hand(RIG, DEVICE, str(emulated.device)))
    assert [finding for finding in findings if not finding.ok and finding.name != "speed"] == []
    names = [finding.name for finding in findings]
    assert names[0] == "serial device"
    assert names[-4:] == ["torque", "device file", "joint angles", "speed"]
    assert before == {joint: motor.goal_rad for joint, motor in emulated.motors.items()}
    assert not any(motor.torque_on for motor in emulated.motors.values())


def test_the_examination_tells_what_is_wrong(emulated: EmulatedRig) -> None:
    emulated.motors["if_pip"].write(64, b"\x01")
    emulated.faults.motor_overload("if_dip")
    found = {each.name: each for each in examine_hand(RIG, DEVICE, str(emulated.device))}
    assert not found["hardware errors"].ok
    assert "motor 3 overload" in found["hardware errors"].detail
    assert not found["torque"].ok
    assert found["torque"].mend.endswith("then run 'dacapo hand release'")


@pytest.mark.parametrize("name", ["/dev/null", "/no/such/device"])
def test_a_wrong_device_is_one_finding(name: str) -> None:
    (finding,) = examine_hand(RIG, DEVICE, name)
    assert not finding.ok
    assert name in finding.detail
    assert finding.mend

"""What stops an emulated hand while it runs, and how it goes on."""

from __future__ import annotations

import time

import numpy as np
import pytest

from hardware.emulator.firmware import REBOOT_NS
from hardware.emulator.rig import EmulatedRig
from hardware.errors import SafetyStop
from hardware.hand.driver import HandDriver
from hardware.safety import SafetyState
from tests.emulated.hardware.hands import follow, rail_m, wait_for

HELD_A = 0.55


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


def test_a_motor_that_lost_its_power_is_found_when_it_answers_again(
    emulated: EmulatedRig, driver: HandDriver
) -> None:
    driver.connect()
    driver.activate()
    targets = np.array([-0.31, *[0.3] * 12])
    assert follow(driver, targets, lambda: driver.state().positions[1] > 0.25)
    emulated.motors["if_mcp"].reboot(time.monotonic_ns())  # silent for 0.2 s
    assert wait_for(lambda: "no answer from if_mcp" in driver.state().reason, 0.5)
    with pytest.raises(SafetyStop, match=r"no answer from if_mcp \(motor 1\): try again"):
        driver.resume()
    assert wait_for(lambda: "lost power" in driver.state().reason, 1.0)
    assert driver.mode == SafetyState.LIMP
    assert "if_mcp (motor 1) lost power or restarted, check the supply" in driver.state().reason
    assert wait_for(lambda: not any(motor.torque_on for motor in emulated.motors.values()))
    with pytest.raises(SafetyStop, match="the rail must find its place again"):
        driver.resume()
    assert driver.mode == SafetyState.LIMP


def test_a_restart_too_short_to_be_missed_is_found_within_half_a_second(
    emulated: EmulatedRig, driver: HandDriver
) -> None:
    driver.connect()
    driver.activate()
    emulated.motors["mf_dip"].reboot(time.monotonic_ns() - REBOOT_NS)
    assert wait_for(lambda: driver.mode == SafetyState.LIMP, 0.7)
    assert driver.state().reason.startswith("mf_dip (motor 7) lost power or restarted")


def test_after_a_power_cut_only_a_new_activation_moves_the_hand(
    emulated: EmulatedRig, driver: HandDriver
) -> None:
    driver.connect()
    driver.activate()
    targets = np.array([-0.11, *[0.3] * 12])
    assert follow(driver, targets, lambda: driver.state().positions[0] > -0.12)
    emulated.power_cycle()
    assert wait_for(lambda: "no motor answers: check the supply" in driver.state().reason, 0.5)
    assert wait_for(lambda: driver.mode == SafetyState.LIMP, 2.0)
    assert wait_for(lambda: not driver.state().missing)
    assert abs(driver.state().positions[0] - rail_m(emulated)) > 0.2  # turns are forgotten
    with pytest.raises(SafetyStop, match="all motors lost power or restarted"):
        driver.resume()
    assert not any(motor.torque_on for motor in emulated.motors.values())

    driver.deactivate()
    driver.activate()
    assert wait_for(lambda: abs(driver.state().velocities[0]) < 1e-3)
    assert driver.state().positions[0] == pytest.approx(rail_m(emulated), abs=5e-4)
    assert follow(driver, targets, lambda: abs(rail_m(emulated) + 0.11) < 0.01)


def test_power_lost_while_the_hand_is_limp_is_found_before_it_pulls(
    emulated: EmulatedRig, driver: HandDriver
) -> None:
    driver.connect()
    driver.activate()
    driver.hold("the test wants it")
    assert wait_for(lambda: driver.mode == SafetyState.LIMP)
    emulated.motors["rail"].reboot(time.monotonic_ns())
    assert wait_for(lambda: driver.state().missing == ("rail",))
    assert wait_for(lambda: not driver.state().missing)
    with pytest.raises(SafetyStop, match=r"rail \(motor 16\) lost power or restarted"):
        driver.resume()
    assert not any(motor.torque_on for motor in emulated.motors.values())

"""What the hand driver refuses to connect to."""

from __future__ import annotations

import pytest

from hardware.emulator.rig import EmulatedRig
from hardware.errors import BusError, DeviceError, MotorFault
from hardware.hand.device import Device
from hardware.hand.driver import HandDriver
from hardware.hand.service import release_hand
from tests.emulated.hardware.hands import DEVICE, RIG, wait_for


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

"""What is checked when the hand is connected, before any motor may pull."""

from __future__ import annotations

from pathlib import Path

from serial.tools.list_ports import comports

from hardware.bus.checks import check_bus, require
from hardware.bus.exchange import MotorBus
from hardware.bus.registers import RAD_PER_TICK
from hardware.errors import MotorFault
from hardware.hand.activation import WATCHDOG_TRIPPED
from hardware.hand.device import Device, check_device, dynamixel_driver
from sim import Rig

_RELEASE = "hold the hand, then run 'dacapo hand release'"


def shake_hands(rig: Rig, device: Device, bus: MotorBus) -> None:
    """See that the motors are those of the rig, well, limp, and those of the device file.

    Raises:
        BusError: motors are missing, wrong, slow, hot or in error: all of it is listed.
        MotorFault: motors pull already; the message names the verb that lets go.
        DeviceError: the device file is not of this hardware.
    """
    require(check_bus(bus.port, motor_models(rig)))
    refuse_unready(rig, bus)
    check_own_device(rig, device, bus)


def motor_models(rig: Rig) -> dict[int, str]:
    """Model of every motor, by id.

    Raises:
        DeviceError: the rig has no Dynamixel motors.
    """
    driver = dynamixel_driver(rig)
    return dict.fromkeys(driver.motors.values(), driver.model)


def check_own_device(rig: Rig, device: Device, bus: MotorBus) -> None:
    """Compare the device file with adapter and motors.

    Raises:
        DeviceError: it was made for other hardware; every difference is listed.
    """
    offsets = bus.read_all("Homing_Offset")
    joints = dynamixel_driver(rig).motors
    found = {joint: offsets[joints[joint]][0] * RAD_PER_TICK for joint in device.joints}
    check_device(device, adapter_serial(bus.port.device), found)


def refuse_unready(rig: Rig, bus: MotorBus) -> None:
    """See that every motor is limp.

    Raises:
        MotorFault: motors were left holding by a program that was killed, or pull already; all
            of them are listed.
    """
    read = bus.read_all("Torque_Enable", "Bus_Watchdog")
    joints = {motor_id: joint for joint, motor_id in dynamixel_driver(rig).motors.items()}
    if any(watchdog == WATCHDOG_TRIPPED for _, watchdog in read.values()):
        raise MotorFault(
            "the program that drove the hand before ended without letting go, and the motors "
            f"hold by themselves: {_RELEASE}"
        )
    if pulling := [joints[i] for i, (torque, _) in read.items() if torque]:
        raise MotorFault(f"motors pull already ({', '.join(pulling)}): {_RELEASE}")


def adapter_serial(device: str) -> str | None:
    """Serial number of the USB adapter behind a serial device; None if it tells none."""
    path = Path(device).resolve()
    for port in comports():
        if Path(port.device).resolve() == path:
            return port.serial_number
    return None

"""Help for motors that no driver holds: who is there, let go, restart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from serial.tools.list_ports import comports

from hardware.bus.port import SerialPort
from hardware.bus.registers import BAUD_OF_CODE, MODEL_OF_NUMBER
from hardware.bus.sdk import Identity, Motors
from hardware.errors import BusError, HardwareError
from hardware.hand.activation import motor_settings, release
from hardware.hand.device import dynamixel_driver
from sim import Rig

BAUD_RATES = (4_000_000, 1_000_000, 57_600, 2_000_000, 3_000_000, 115_200, 9_600)
"""Where motors are looked for, the likely ones first: set up, LEAP's C++, from the factory."""

assert set(BAUD_RATES) == set(BAUD_OF_CODE.values())  # noqa: S101  none is forgotten


@dataclass(frozen=True)
class Found:
    """Motors that answer on one port at one baud rate.

    Attributes:
        port: serial device.
        baud_rate: [bit/s].
        motors: what they are, by id.
    """

    port: str
    baud_rate: int
    motors: dict[int, Identity]


def serial_devices() -> tuple[str, ...]:
    """Serial devices that may be a motor bus: those on USB."""
    return tuple(sorted(port.device for port in comports() if port.vid is not None))


def find_motors(device: str, baud_rates: Sequence[int] = BAUD_RATES) -> Iterator[Found]:
    """Look for motors on one serial device; 1 s per baud rate, at slow ones more.

    Args:
        device: serial device.
        baud_rates: where to look; each is reported as soon as something answers there.

    Raises:
        BusError: the device cannot be used.
    """
    with SerialPort(device, baud_rates[0]) as port:
        motors = Motors(port)
        for baud_rate in baud_rates:
            port.baud = baud_rate
            if found := motors.broadcast_ping():
                yield Found(device, baud_rate, found)


def describe(identity: Identity) -> str:
    """A motor's model in words."""
    model = MODEL_OF_NUMBER.get(identity.model_number)
    return model.name if model else f"model number {identity.model_number}"


@contextmanager
def open_motors(rig: Rig, port_name: str | None) -> Iterator[Motors]:
    """The motors of a rig one by one, whatever state they are in; torques stay as they are.

    Raises:
        BusError: the port cannot be used.
        DeviceError: the rig has no Dynamixel motors.
    """
    driver = dynamixel_driver(rig)
    with SerialPort(port_name or driver.port, driver.baud_rate) as port:
        yield Motors(port)


def release_hand(rig: Rig, port_name: str | None) -> list[str]:
    """Make all motors limp, also those that stopped by their own watchdog.

    Returns:
        The joints whose motors did not confirm it, with the reason.

    Raises:
        BusError: the port cannot be used.
    """
    with open_motors(rig, port_name) as motors:
        return release(motors, motor_settings(rig))


def reboot_joints(rig: Rig, port_name: str | None, joints: Sequence[str]) -> dict[str, str]:
    """Restart the motors of some joints, which clears their errors and lets them go limp.

    Args:
        rig: whose motors.
        port_name: serial device; None for the rig's.
        joints: names or motor ids, at least one: never all, for a motor that is restarted lets go.

    Returns:
        What became of each joint, in words.

    Raises:
        BusError: the port cannot be used, or a joint is unknown.
    """
    ids = [motor_of(rig, joint) for joint in joints]
    outcome = {}
    with open_motors(rig, port_name) as motors:
        for joint, motor_id in zip(joints, ids, strict=True):
            outcome[joint] = _reboot(motors, motor_id)
    return outcome


def motor_of(rig: Rig, joint: str) -> int:
    """The motor id of a joint given by name or by that id.

    Raises:
        BusError: the rig has no such joint.
    """
    motors = dynamixel_driver(rig).motors
    if joint in motors:
        return motors[joint]
    if joint.isdecimal() and int(joint) in motors.values():
        return int(joint)
    raise BusError(f"no joint {joint!r}: choose from {', '.join(motors)}, or a motor id")


def _reboot(motors: Motors, motor_id: int) -> str:
    try:
        before = motors.hardware_errors(motor_id)
        motors.reboot(motor_id)
        after = motors.hardware_errors(motor_id)
    except HardwareError as error:
        return f"failed: {error}"
    if after:
        return f"restarted, still has {', '.join(after)}: find the cause, then try again"
    return f"restarted; it had {', '.join(before) or 'no error'}"

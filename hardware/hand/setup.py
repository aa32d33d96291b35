"""Setting motors up: their ids and speed one by one, then the device file of the whole hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime

from hardware.bus.port import SerialPort
from hardware.bus.registers import CODE_OF_BAUD, RAD_PER_TICK
from hardware.bus.sdk import Motors
from hardware.errors import BusError, DeviceError
from hardware.hand.device import HALF_TURN_RAD, Device, dynamixel_driver, nominal_device
from hardware.hand.handshake import adapter_serial
from hardware.hand.service import BAUD_RATES, Found, describe, find_motors, motor_of, open_motors
from sim import Rig

FARTHEST_RAD = 0.6
"""How far a horn may be mounted from half a turn [rad]: beyond, a joint's travel would pass the
place where the motor's angle jumps from a full turn to zero."""


def set_up_motor(rig: Rig, port_name: str | None, joint: str) -> Iterator[str]:
    """Give the only motor on the bus the id of a joint, and the settings that all motors need.

    Args:
        rig: the plan.
        port_name: serial device; None for the rig's.
        joint: which motor it is to be, by name or id.

    Yields:
        What was done, in words, as it is done.

    Raises:
        BusError: no motor, several motors, or one of another model answers.
        MotorFault: it refuses.
    """
    driver, motor_id = dynamixel_driver(rig), motor_of(rig, joint)
    device = port_name or driver.port
    found = _the_only_one(device)
    (old_id, identity), *_ = found.motors.items()
    if describe(identity) != driver.model:
        raise BusError(f"motor {old_id} is {describe(identity)}, not {driver.model}: take another")
    yield f"found motor {old_id} at {found.baud_rate} bit/s ({describe(identity)})"
    with SerialPort(device, found.baud_rate) as port:
        motors = Motors(port)
        motors.write(old_id, "Torque_Enable", 0)
        _common_settings(motors, old_id)
        motors.write(old_id, "ID", motor_id)
        motors.write(motor_id, "Baud_Rate", CODE_OF_BAUD[driver.baud_rate])
        port.baud = driver.baud_rate
        if motors.ping(motor_id) is None:
            raise BusError(f"motor {motor_id} does not answer at its new speed: start again")
    yield f"it is motor {motor_id} now, at {driver.baud_rate} bit/s, for joint {joint}"


def set_up_hand(rig: Rig, port_name: str | None) -> Iterator[str]:
    """Give all motors of an assembled hand the settings that they need; their ids stay.

    Yields:
        What was done with each motor, in words.

    Raises:
        BusError: a motor does not answer.
        MotorFault: it refuses.
    """
    with open_motors(rig, port_name) as motors:
        for joint, motor_id in dynamixel_driver(rig).motors.items():
            motors.write(motor_id, "Torque_Enable", 0)
            _common_settings(motors, motor_id)
            yield f"{joint} (motor {motor_id}) is set up"


def measure_device(rig: Rig, port_name: str | None, name: str) -> Device:
    """The device file of a hand that lies flat: every joint at zero, the thumb as parked.

    Args:
        rig: the plan.
        port_name: serial device; None for the rig's.
        name: what to call the device.

    Raises:
        BusError: a motor does not answer.
        DeviceError: a joint stands too far from where it should; it is named.
    """
    driver = dynamixel_driver(rig)
    device = nominal_device(rig, name, adapter_serial(port_name or driver.port))
    angles, offsets = {}, {}
    with open_motors(rig, port_name) as motors:
        for joint, motor_id in driver.motors.items():
            angles[joint] = motors.read(motor_id, "Present_Position") * RAD_PER_TICK
            offsets[joint] = motors.read(motor_id, "Homing_Offset") * RAD_PER_TICK
    joints = {}
    for joint, nominal in device.joints.items():
        zero_rad = (angles[joint] - rig.hand.parked_rad.get(joint, 0.0)) % (2.0 * math.pi)
        if abs(zero_rad - HALF_TURN_RAD) > FARTHEST_RAD:
            raise DeviceError(
                f"{joint} (motor {driver.motors[joint]}) stands at {zero_rad:.2f} rad, not near "
                f"{HALF_TURN_RAD:.2f}: lay the hand flat; if it is, mount the horn anew"
            )
        joints[joint] = _placed(rig, joint, zero_rad, nominal.sign, offsets[joint])
    made = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, hand laid flat"
    content = device.model_dump(by_alias=True) | {"joints": joints, "made": made}
    return Device.model_validate(content)


def _placed(
    rig: Rig, joint: str, zero_rad: float, sign: int, homing_offset_rad: float
) -> dict[str, object]:
    """One joint's entry; its travel ends where the motor's angle would jump."""
    low, high = rig.hand_data.joint_range(joint)
    ends = sorted((sign * (0.0 - zero_rad), sign * (2.0 * math.pi - RAD_PER_TICK - zero_rad)))
    return {
        "zero_rad": round(zero_rad, 5),
        "sign": sign,
        "limits_rad": (max(low, round(ends[0], 4)), min(high, round(ends[1], 4))),
        "homing_offset_rad": round(homing_offset_rad, 5),
    }


def _the_only_one(device: str) -> Found:
    """The one motor that answers at any baud rate."""
    found = list(find_motors(device, BAUD_RATES))
    count = sum(len(each.motors) for each in found)
    if count == 0:
        raise BusError(f"no motor answers on {device}: check its power and its cable")
    if count > 1:
        ids = ", ".join(str(motor) for each in found for motor in each.motors)
        raise BusError(f"{count} motors answer on {device} (ids {ids}): connect only one")
    return found[0]


def _common_settings(motors: Motors, motor_id: int) -> None:
    motors.write(motor_id, "Return_Delay_Time", 0)  # the factory's costs 0.5 ms per motor
    motors.write(motor_id, "Drive_Mode", 0)  # signs are the device file's business

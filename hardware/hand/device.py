"""The file of one device: what differs between two rigs built to the same plan.

A rig file is the plan: which motor moves which joint, with which gains. A device file says how
one hand was put together: where each motor stands when its joint is at zero, which way it turns,
how far it may go. It is compared with the hardware whenever the hand is connected.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from hardware.errors import DeviceError
from score import write_whole
from sim import RAIL, DynamixelDriver, Rig
from sim.yaml_files import Section, first_complaint, read_yaml

HALF_TURN_RAD = math.pi
"""Where a LEAP motor stands when its joint is at zero: half a turn, as the hand is assembled."""

Sign = Literal[-1, 1]
Angle = Annotated[float, Field(ge=0.0, lt=2.0 * math.pi)]
Limits = tuple[float, float]

_REMAKE = "run 'dacapo hand setup-motors --device FILE' with the hand laid flat"


class JointOnMotor(Section):
    """One finger joint on its motor."""

    zero_rad: Angle = Field(description="motor angle when the joint is at zero")
    sign: Sign = Field(description="1: motor and joint turn the same way")
    limits_rad: Limits = Field(description="lowest and highest joint angle")
    homing_offset_rad: float = Field(default=0.0, description="the motor's own, when made")

    @model_validator(mode="after")
    def _within_a_turn(self) -> JointOnMotor:
        _check_rising(self.limits_rad)
        ends = [self.zero_rad + self.sign * limit for limit in self.limits_rad]
        if not 0.0 <= min(ends) <= max(ends) < 2.0 * math.pi:
            raise ValueError(
                f"its travel passes the motor's wrap ({min(ends):.2f} to {max(ends):.2f} rad of "
                "0 to 6.28): mount the horn nearer to half a turn"
            )
        return self


class RailOnMotor(Section):
    """The rail on its motor; its zero is found anew at every start, at the end stop."""

    stop_m: float = Field(description="where the carriage is when it touches its end stop")
    sign: Sign = Field(description="1: the motor turns forward while the carriage goes up in notes")
    limits_m: Limits = Field(description="lowest and highest position")

    @model_validator(mode="after")
    def _stop_is_outside(self) -> RailOnMotor:
        _check_rising(self.limits_m)
        if self.limits_m[0] < self.stop_m < self.limits_m[1]:
            raise ValueError("stop_m stands within limits_m")
        return self


class Device(Section):
    """One device, built to the plan of a rig."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    rig: str
    device: str = Field(min_length=1, max_length=60, description="what you call it")
    adapter: str | None = Field(default=None, description="serial number of its USB adapter")
    made: str = Field(default="", description="when and how")
    rail: RailOnMotor
    joints: dict[str, JointOnMotor]

    @field_validator("joints")
    @classmethod
    def _no_rail(cls, joints: dict[str, JointOnMotor]) -> dict[str, JointOnMotor]:
        if RAIL in joints:
            raise ValueError("the rail has a section of its own")
        return joints


def nominal_device(rig: Rig, name: str = "nominal", adapter: str | None = None) -> Device:
    """The device as the plan has it: every motor at half a turn, none reversed.

    Raises:
        DeviceError: the rig has no Dynamixel motors.
    """
    driver = dynamixel_driver(rig)
    joints = {
        joint: JointOnMotor(zero_rad=HALF_TURN_RAD, sign=1, limits_rad=_nominal_limits(rig, joint))
        for joint in driver.motors
        if joint != RAIL
    }
    rail = RailOnMotor(stop_m=driver.rail_stop_m, sign=1, limits_m=rig.rail.range_m)
    return Device(schema=1, rig=rig.name, device=name, adapter=adapter, rail=rail, joints=joints)


def read_device(path: Path, rig: Rig) -> Device:
    """Read the file of a device built to the plan of `rig`.

    Raises:
        DeviceError: there is none, a field is unknown, missing or out of range, it is of another
            rig, or its joints are not those of the rig; one line that names the file.
    """
    if not path.is_file():
        raise DeviceError(f"{path}: no such device file: {_REMAKE}")
    try:
        device = Device.model_validate(read_yaml(path))
    except ValidationError as error:
        raise DeviceError(f"{path}: {first_complaint(error)}") from error
    except ValueError as error:
        raise DeviceError(f"{path}: {error}") from error
    if complaint := _misfit(device, rig):
        raise DeviceError(f"{path}: {complaint}")
    return device


def write_device(device: Device, path: Path) -> None:
    """Write the file of a device, whole or not at all.

    Raises:
        DeviceError: the folder cannot be written.
    """
    content = device.model_dump(mode="json", by_alias=True)
    text = yaml.safe_dump(content, sort_keys=False, width=120, default_flow_style=None)
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise DeviceError(f"{path}: cannot be written ({error.strerror})") from error


def check_device(
    device: Device, adapter: str | None, homing_offsets_rad: Mapping[str, float]
) -> None:
    """Compare a device file with the hardware.

    Args:
        device: the file's content.
        adapter: serial number of the USB adapter found; None if it tells none.
        homing_offsets_rad: Homing_Offset of every finger joint's motor, by joint.

    Raises:
        DeviceError: it was made for other hardware; every difference is listed.
    """
    differences = []
    if device.adapter is not None and device.adapter != adapter:
        differences.append(f"adapter {adapter or 'without a serial number'}, not {device.adapter}")
    for joint, motor in device.joints.items():
        found = homing_offsets_rad[joint]
        if abs(found - motor.homing_offset_rad) > 1e-3:  # a tick is 1.5e-3 rad
            differences.append(
                f"{joint} has homing offset {found:.4f} rad, not {motor.homing_offset_rad:.4f}"
            )
    if differences:
        raise DeviceError(
            f"the file of '{device.device}' is not of this hardware ({'; '.join(differences)}): "
            f"give the file of this one, or {_REMAKE}"
        )


def dynamixel_driver(rig: Rig) -> DynamixelDriver:
    """The rig's driver section.

    Raises:
        DeviceError: the rig has no Dynamixel motors.
    """
    if not isinstance(rig.driver, DynamixelDriver):
        kind = rig.driver.kind if rig.driver else "no driver"
        raise DeviceError(f"rig {rig.name} has {kind}, not dynamixel: choose another rig")
    return rig.driver


def _misfit(device: Device, rig: Rig) -> str | None:
    """What about a device does not fit a rig, in words."""
    if device.rig != rig.name:
        return f"made for rig '{device.rig}', not '{rig.name}': give the file of this one"
    expected = set(dynamixel_driver(rig).motors) - {RAIL}
    if missing := sorted(expected - set(device.joints)):
        return f"joints: nothing about {', '.join(missing)}: {_REMAKE}"
    if unknown := sorted(set(device.joints) - expected):
        return f"joints: the rig has no {', '.join(unknown)}"
    for joint, motor in device.joints.items():
        low, high = rig.hand_data.joint_range(joint)
        if not low - 1e-9 <= motor.limits_rad[0] < motor.limits_rad[1] <= high + 1e-9:
            return f"joints.{joint}.limits_rad: beyond {low:g} to {high:g}, what the hand allows"
    low, high = rig.rail.range_m
    if not low <= device.rail.limits_m[0] < device.rail.limits_m[1] <= high:
        return f"rail.limits_m: beyond {low:g} to {high:g}, what the rig allows"
    return None


def _nominal_limits(rig: Rig, joint: str) -> Limits:
    return rig.hand_data.joint_range(joint)


def _check_rising(limits: Limits) -> None:
    if limits[0] >= limits[1]:
        raise ValueError("limits must rise")

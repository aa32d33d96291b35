"""What is written to the motors before they may pull, and in which order.

Limits first, then gains, then goal := measured, then the bus watchdog, torque last: so no motor
ever pulls with a wrong limit, to a wrong place, or without someone watching the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hardware.bus.registers import A_PER_UNIT, MODELS, WATCHDOG_S_PER_UNIT, OperatingMode
from hardware.errors import HardwareError, MotorFault
from hardware.hand.device import dynamixel_driver
from hardware.hand.joints import current_limits_a
from sim import RAIL, Rig

WATCHDOG_S = 0.16
"""Time without an instruction after which motors stop by themselves; 16 cycles of the bus."""

WATCHDOG_UNITS = round(WATCHDOG_S / WATCHDOG_S_PER_UNIT)
"""The same as a value of Bus_Watchdog."""

WATCHDOG_TRIPPED = -1
"""Value of Bus_Watchdog of a motor that has stopped by itself."""

FULL_DUTY = 885
"""Goal_PWM of 100 % (ROBOTIS e-Manual, XC330-M288)."""


class Registers(Protocol):
    """Single registers of motors, acknowledged."""

    def read(self, motor_id: int, name: str) -> int:
        """The value of a register."""
        ...

    def write(self, motor_id: int, name: str, value: int) -> None:
        """Set a register and see it confirmed."""
        ...


@dataclass(frozen=True)
class MotorSettings:
    """How one motor is to work.

    Attributes:
        joint: that it moves.
        mode: current-based position for fingers. The rail turns further than once: extended
            position, where Goal_PWM is what limits the current.
        position_p: register Position_P_Gain.
        position_d: register Position_D_Gain.
        current_limit_a: most it may draw [A].
        stall_current_a: what full duty draws at stall [A].
    """

    joint: str
    mode: OperatingMode
    position_p: int
    position_d: int
    current_limit_a: float
    stall_current_a: float

    @property
    def cap_register(self) -> str:
        """The register that limits the current in this mode."""
        return "Goal_PWM" if self.mode == OperatingMode.EXTENDED_POSITION else "Goal_Current"

    def cap(self, current_a: float) -> int:
        """What to write there for at most a current, never above `current_limit_a` [A]."""
        limit_a = max(min(current_a, self.current_limit_a), 0.0)
        if self.mode == OperatingMode.EXTENDED_POSITION:
            return int(FULL_DUTY * min(limit_a / self.stall_current_a, 1.0))
        return int(limit_a / A_PER_UNIT)


def motor_settings(rig: Rig) -> Mapping[int, MotorSettings]:
    """How every motor of a rig is to work, by motor id.

    Raises:
        DeviceError: the rig has no Dynamixel motors.
    """
    driver, limits = dynamixel_driver(rig), current_limits_a(rig)
    settings = {}
    for joint, motor_id in driver.motors.items():
        on_rail = joint == RAIL
        gains = driver.rail_gains if on_rail else driver.finger_gains
        settings[motor_id] = MotorSettings(
            joint,
            OperatingMode.EXTENDED_POSITION if on_rail else OperatingMode.CURRENT_BASED_POSITION,
            gains.position_p,
            gains.position_d,
            limits[joint],
            MODELS[driver.model].stall_current_a,
        )
    return settings


def activate(registers: Registers, settings: Mapping[int, MotorSettings]) -> None:
    """Make all motors hold where they are.

    Args:
        registers: of the motors.
        settings: by motor id; all torques must be off.

    Raises:
        MotorFault: a motor refused; which one, what, and that all torques are off again.
    """
    try:
        for motor_id, motor in settings.items():
            _prepare(registers, motor_id, motor)
        for motor_id in settings:
            registers.write(motor_id, "Bus_Watchdog", WATCHDOG_UNITS)
        for motor_id in settings:
            registers.write(motor_id, "Torque_Enable", 1)
    except HardwareError as error:
        failed = release(registers, settings)
        still = f"; {', '.join(failed)} may still pull: switch their power off" if failed else ""
        raise MotorFault(f"the motors could not be activated: {error}{still}") from error


def release(registers: Registers, settings: Mapping[int, MotorSettings]) -> list[str]:
    """Make every motor limp, whatever state it is in.

    Returns:
        The joints whose motors did not confirm it, with the reason, for the user to act on.
    """
    failed = []
    for motor_id, motor in settings.items():
        try:
            registers.write(motor_id, "Torque_Enable", 0)
            registers.write(motor_id, "Bus_Watchdog", 0)
        except HardwareError as error:
            failed.append(f"{motor.joint} (motor {motor_id}: {error})")
    return failed


def _prepare(registers: Registers, motor_id: int, motor: MotorSettings) -> None:
    """Mode, limits, gains, and a goal where the motor is."""
    registers.write(motor_id, "Bus_Watchdog", 0)  # one that tripped locks the goals
    if registers.read(motor_id, "Operating_Mode") != motor.mode:  # it is kept: spare its memory
        registers.write(motor_id, "Operating_Mode", motor.mode)
    registers.write(motor_id, motor.cap_register, motor.cap(motor.current_limit_a))
    registers.write(motor_id, "Position_P_Gain", motor.position_p)
    registers.write(motor_id, "Position_I_Gain", 0)
    registers.write(motor_id, "Position_D_Gain", motor.position_d)
    for name in ("Feedforward_1st_Gain", "Feedforward_2nd_Gain"):
        registers.write(motor_id, name, 0)
    for name in ("Profile_Velocity", "Profile_Acceleration"):  # targets are shaped elsewhere
        registers.write(motor_id, name, 0)
    registers.write(motor_id, "Goal_Position", registers.read(motor_id, "Present_Position"))

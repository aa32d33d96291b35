"""Which values an emulated motor's registers take."""

from __future__ import annotations

from collections.abc import Mapping

from hardware.bus.packets import ErrorNumber
from hardware.bus.registers import OperatingMode, Register
from hardware.emulator.table import ControlTable

WATCHDOG_TRIPPED = -1
"""Value of Bus_Watchdog after it stopped the motor."""

_MULTI_TURN_LIMIT = 1_048_575
_GOALS = ("Goal_PWM", "Goal_Current", "Goal_Velocity", "Goal_Position")
_EMULATED: Mapping[str, tuple[int, ...]] = {  # registers whose other values would do nothing here
    "Operating_Mode": (
        OperatingMode.POSITION,
        OperatingMode.EXTENDED_POSITION,
        OperatingMode.CURRENT_BASED_POSITION,
    ),
    "Drive_Mode": (0,),
    "Protocol_Type": (2,),
    "Secondary_ID": (255,),
    "Startup_Configuration": (0,),
}


def refusal(table: ControlTable, register: Register, value: int) -> ErrorNumber:
    """Why a register does not take a value now; `NONE` when it does."""
    name = register.name
    if register.eeprom and table["Torque_Enable"]:
        return ErrorNumber.ACCESS
    if not _in_range(register, value) or _stopped(table, name, value):
        return ErrorNumber.DATA_RANGE
    if name in _GOALS and not _within_limits(table, name, value):
        return ErrorNumber.DATA_LIMIT
    if name == "Torque_Enable" and value and table["Hardware_Error_Status"] & table["Shutdown"]:
        return ErrorNumber.RESULT_FAIL
    return ErrorNumber.NONE


def _in_range(register: Register, value: int) -> bool:
    if register.name in _EMULATED:
        return value in _EMULATED[register.name]
    low, high = register.low, register.high
    return (low is None or value >= low) and (high is None or value <= high)


def _stopped(table: ControlTable, name: str, value: int) -> bool:
    """Whether the watchdog has tripped, which only 0 in its own register ends."""
    if table["Bus_Watchdog"] != WATCHDOG_TRIPPED:
        return False
    return name in _GOALS or (name == "Bus_Watchdog" and value != 0)


def _within_limits(table: ControlTable, name: str, value: int) -> bool:
    if name != "Goal_Position":
        return abs(value) <= table[name.removeprefix("Goal_") + "_Limit"]
    if table["Operating_Mode"] == OperatingMode.POSITION:
        return table["Min_Position_Limit"] <= value <= table["Max_Position_Limit"]
    return abs(value) <= _MULTI_TURN_LIMIT

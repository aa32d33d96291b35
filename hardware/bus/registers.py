"""The motors' registers, models and units: one typed table, read from `dynamixel.json`.

Values here are the motors' own whole numbers; a constant says what one of them is in SI units.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from hardware.errors import BusError

TICKS_PER_TURN = 4096
RAD_PER_TICK = 2.0 * math.pi / TICKS_PER_TURN
"""One unit of position [rad]."""

RAD_S_PER_UNIT = 0.229 * 2.0 * math.pi / 60.0
"""One unit of velocity [rad/s]: 0.229 rev/min."""

A_PER_UNIT = 0.001
"""One unit of current [A] on XC330 and XL330 (1.34 mA, often seen, is another motor's)."""

V_PER_UNIT = 0.1
"""One unit of voltage [V]."""

WATCHDOG_S_PER_UNIT = 0.020
"""One unit of Bus_Watchdog [s]."""

RETURN_DELAY_S_PER_UNIT = 2e-6
"""One unit of Return_Delay_Time [s]."""

P_GAIN_PER_UNIT, I_GAIN_PER_UNIT, D_GAIN_PER_UNIT = 1 / 128, 1 / 65536, 1 / 16
"""One unit of each position gain; in which physical unit, the manual does not say."""


class OperatingMode(IntEnum):
    """Values of Operating_Mode."""

    CURRENT = 0
    VELOCITY = 1
    POSITION = 3
    EXTENDED_POSITION = 4
    CURRENT_BASED_POSITION = 5
    PWM = 16


@dataclass(frozen=True, slots=True)
class Register:
    """One entry of the control table.

    Attributes:
        name: As in the manual, words joined by `_`.
        address: Of its lowest byte.
        size: 1, 2 or 4 bytes, little endian.
        signed: Whether it is read as two's complement.
        writable: Whether it can be written at all.
        eeprom: Whether it outlives a power cycle, and is locked while torque is on.
        unit: What one unit is, in the manual's words; None for a plain number.
        low: Lowest value allowed; None where another register or the mode decides.
        high: Highest value allowed, likewise.
        default: Factory value; None where there is none.
    """

    name: str
    address: int
    size: int
    signed: bool
    writable: bool
    eeprom: bool
    unit: str | None
    low: int | None
    high: int | None
    default: int | None


@dataclass(frozen=True)
class Model:
    """One motor model; electrical and mechanical figures at 5 V.

    Attributes:
        name: For example `xc330_m288`.
        number: As the motor answers to a ping.
        mass_kg: Of the motor.
        stall_torque_nm: At `stall_current_a`.
        stall_current_a: Current at stall [A].
        torque_per_current_nm_a: Slope of torque over supply current [Nm/A].
        no_load_speed_rad_s: Fastest it turns.
        voltage_v: Lowest and highest supply [V].
        gear_ratio: Motor turns per turn of the horn.
    """

    name: str
    number: int
    mass_kg: float
    stall_torque_nm: float
    stall_current_a: float
    torque_per_current_nm_a: float
    no_load_speed_rad_s: float
    voltage_v: tuple[float, float]
    gear_ratio: float


@cache
def _data() -> dict[str, Any]:
    path = resources.files("hardware.data") / "dynamixel.json"
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def _model(name: str, entry: Mapping[str, Any]) -> Model:
    return Model(
        name,
        entry["model_number"],
        entry["mass"],
        entry["stall_torque_5V_Nm"],
        entry["stall_current_5V_A"],
        entry["torque_per_current_Nm_A"],
        entry["no_load_speed_5V_rad_s"],
        (entry["voltage_V"][0], entry["voltage_V"][1]),
        entry["gear_ratio"],
    )


MODELS: Mapping[str, Model] = MappingProxyType(
    {name: _model(name, entry) for name, entry in _data()["models"].items()}
)
"""Motor models by name."""

MODEL_OF_NUMBER: Mapping[int, Model] = MappingProxyType(
    {model.number: model for model in MODELS.values()}
)
"""Motor models by the number that they answer to a ping."""


@cache
def control_table(model: str) -> Mapping[str, Register]:
    """Registers of one model by name, in the order of their addresses.

    Args:
        model: One of `MODELS`.
    """
    entries = _data()["control_table"]
    return MappingProxyType({entry["name"]: _register(entry, model) for entry in entries})


def _register(entry: Mapping[str, Any], model: str) -> Register:
    allowed, default = _of_model(entry["range"], model), _of_model(entry["default"], model)
    low, high = allowed if isinstance(allowed, list) else (None, None)
    return Register(
        entry["name"],
        entry["addr"],
        entry["size"],
        entry["signed"],
        "W" in entry["access"],
        entry["area"] == "EEPROM",
        entry["unit"],
        low,
        high,
        default,
    )


def _of_model(value: Any, model: str) -> Any:  # noqa: ANN401  JSON
    return value[model] if isinstance(value, dict) else value


REGISTERS: Mapping[str, Register] = control_table("xc330_m288")
"""Registers by name. Addresses and sizes are the same on all `MODELS`; limits may differ."""

BAUD_OF_CODE: Mapping[int, int] = MappingProxyType(
    {int(code): baud for code, baud in _data()["baud_rate_values"].items() if code.isdecimal()}
)
"""Baud rate [bit/s] by the value of Baud_Rate."""

CODE_OF_BAUD: Mapping[int, int] = MappingProxyType(
    {baud: code for code, baud in BAUD_OF_CODE.items()}
)
"""Value of Baud_Rate by baud rate [bit/s]."""

HARDWARE_ERRORS: Mapping[int, str] = MappingProxyType(
    {int(bit): name for bit, name in _data()["hardware_error_bits"].items() if bit.isdecimal()}
)
"""Names of the bits of Hardware_Error_Status (and of Shutdown) by bit number."""

VOLTAGE_ERROR = 1 << 0
"""Hardware_Error_Status after a supply outside the motor's limits; torque stays on by default."""

ERROR_NAMES: Mapping[int, str] = MappingProxyType(
    {
        int(number): name
        for number, name in _data()["protocol"]["error_numbers"].items()
        if number.isdecimal()
    }
)
"""Names of the lower seven bits of a status packet's error byte."""


def pack(register: Register, value: int) -> bytes:
    """A value as the bytes of a register.

    Raises:
        BusError: it does not fit into them.
    """
    try:
        return value.to_bytes(register.size, "little", signed=register.signed)
    except OverflowError:
        raise BusError(
            f"{register.name}: {value} does not fit into {8 * register.size} bits: send a value "
            f"between {register.low} and {register.high}"
        ) from None


def unpack(register: Register, data: bytes) -> int:
    """The bytes of a register as a value.

    Raises:
        BusError: they are too few or too many.
    """
    if len(data) != register.size:
        raise BusError(
            f"{register.name}: {len(data)} bytes instead of {register.size}: read it again"
        )
    return int.from_bytes(data, "little", signed=register.signed)


def hardware_error_names(status: int) -> tuple[str, ...]:
    """What the set bits of Hardware_Error_Status mean."""
    return tuple(HARDWARE_ERRORS.get(bit, f"bit {bit}") for bit in range(8) if status >> bit & 1)

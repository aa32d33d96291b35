"""What can go wrong inside an emulated motor: supply, heat, overload."""

from __future__ import annotations

from hardware.emulator.table import ControlTable

NOMINAL_V = 5.0
AMBIENT_C = 30.0
WARMING_C_PER_S, COOLING_C_PER_S = 10.0, 2.0
"""Faster than any motor, so that a fault does not take minutes."""

VOLTAGE_BIT, HEAT_BIT, OVERLOAD_BIT = 0, 2, 5
"""Bits of Hardware_Error_Status."""


class Health:
    """Supply, temperature and hardware errors of one motor.

    Args:
        table: Its control table, which holds the limits.

    Attributes:
        errors: Hardware_Error_Status; a bit stays set until a reboot.
        voltage_v: Supply [V].
        temperature_c: Temperature [degC].
    """

    def __init__(self, table: ControlTable) -> None:
        self._table = table
        self.errors = 0
        self.voltage_v = NOMINAL_V
        self.temperature_c = AMBIENT_C
        self._heated_to_c = AMBIENT_C

    @property
    def shut_down(self) -> bool:
        """Whether an error is set that Shutdown (63) names: no torque until a reboot."""
        return bool(self.errors & self._table["Shutdown"])

    def fail(self, bit: int) -> None:
        """Set an error."""
        self.errors |= 1 << bit
        self._table["Hardware_Error_Status"] = self.errors

    def heat(self, temperature_c: float) -> None:
        """Let something warm the motor up to a temperature [degC]."""
        self._heated_to_c = temperature_c

    def cool(self) -> None:
        """Be as cold as the room."""
        self.temperature_c = self._heated_to_c = AMBIENT_C

    def restart(self) -> None:
        """Forget the errors, except those whose cause is still there."""
        self.errors = 0
        self._table["Hardware_Error_Status"] = 0
        self.check()

    def check(self) -> None:
        """Set an error where a limit is broken."""
        tenths_v = round(self.voltage_v * 10)
        if not self._table["Min_Voltage_Limit"] <= tenths_v <= self._table["Max_Voltage_Limit"]:
            self.fail(VOLTAGE_BIT)
        if self.temperature_c >= self._table["Temperature_Limit"]:
            self.fail(HEAT_BIT)

    def advance(self, elapsed_s: float) -> None:
        """Warm up or cool down; what warmed the motor ends with the torque that fed it."""
        left = self._heated_to_c - self.temperature_c
        if not left and self._heated_to_c == AMBIENT_C:
            return
        rate = WARMING_C_PER_S if left > 0 else -COOLING_C_PER_S
        change = rate * elapsed_s
        self.temperature_c += change if abs(change) < abs(left) else left
        self.check()
        if self.errors >> HEAT_BIT & 1:
            self._heated_to_c = AMBIENT_C

"""A motor's control table as bytes, and which spans of it can be written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from hardware.bus.packets import ErrorNumber
from hardware.bus.registers import Register, control_table

SIZE = 228
"""Bytes of the table, the area of indirect addresses and data included."""

_INDIRECT = "Indirect_"  # not emulated: reads as zeros, cannot be written

Span = tuple[Register, ...]
"""Registers that lie one behind the other."""


class ControlTable:
    """Registers of one motor, by name and as the bytes that a client reads.

    Args:
        model: One of `hardware.bus.registers.MODELS`.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._bytes = bytearray(SIZE)
        self.registers: Mapping[str, Register] = control_table(model)
        self.restore(eeprom=True)
        self.restore(eeprom=False)

    def __getitem__(self, name: str) -> int:
        register = self.registers[name]
        return int.from_bytes(
            self._bytes[register.address : register.address + register.size],
            "little",
            signed=register.signed,
        )

    def __setitem__(self, name: str, value: int) -> None:
        register = self.registers[name]
        self._bytes[register.address : register.address + register.size] = value.to_bytes(
            register.size, "little", signed=register.signed
        )

    def restore(self, *, eeprom: bool) -> None:
        """Give one of the two areas its factory values, 0 where the manual states none."""
        for register in self.registers.values():
            if register.eeprom == eeprom:
                self[register.name] = register.default or 0

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes of the table; None beyond its end."""
        if size == 0 or address + size > SIZE:
            return None
        return bytes(self._bytes[address : address + size])

    def span(self, address: int, size: int) -> Span | ErrorNumber:
        """Registers that a write of `size` bytes at `address` covers, or what speaks against it."""
        return _span(self._model, address, size)


@cache
def _span(model: str, address: int, size: int) -> Span | ErrorNumber:
    at_address = {register.address: register for register in control_table(model).values()}
    found, end = [], address + size
    while address < end:
        register = at_address.get(address)
        if register is None or not register.writable or register.name.startswith(_INDIRECT):
            return ErrorNumber.ACCESS
        found.append(register)
        address += register.size
    return tuple(found) if found and address == end else ErrorNumber.DATA_LENGTH

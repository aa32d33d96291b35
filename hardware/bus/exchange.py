"""The cyclic exchange with all motors: targets out, current, velocity and position back.

ROBOTIS' SDK would do it in three calls, but loses what matters in a control loop: its group reads
stop at the first silent motor, drop the error byte of every motor, wait 34 ms for one lost reply,
and keep the processor busy while they wait.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hardware.bus.packets import ALERT, encode_sync_write
from hardware.bus.polling import Losses, Polling
from hardware.bus.port import SerialPort
from hardware.bus.registers import REGISTERS, Register, pack, unpack
from hardware.errors import BusError

SILENT_CYCLES = 5
"""A motor that has not answered for so many cycles is no longer asked with the others."""

PROBE_CYCLES = 50
"""Every so many cycles one of the silent motors is asked whether it is back."""

_GOAL = REGISTERS["Goal_Position"]
_STATE = tuple(REGISTERS[f"Present_{what}"] for what in ("Current", "Velocity", "Position"))
_STATE_LAYOUT = struct.Struct("<hii")  # the three of them, side by side: 10 bytes at 126


@dataclass(frozen=True, slots=True)
class MotorState:
    """What one motor answers; whole numbers as it sends them.

    Attributes:
        current_ma: Current at the supply, signed as the torque [mA].
        velocity_raw: In units of `registers.RAD_S_PER_UNIT`.
        position_ticks: In units of `registers.RAD_PER_TICK`.
        error: Error byte of its answer; `packets.ALERT` is set after a hardware error.
    """

    current_ma: int
    velocity_raw: int
    position_ticks: int
    error: int

    @property
    def alert(self) -> bool:
        """Whether the motor reports a hardware error; register Hardware_Error_Status says which."""
        return bool(self.error & ALERT)


@dataclass(frozen=True, slots=True)
class BusReading:
    """What one cycle brought.

    Attributes:
        time_ns: Monotonic time at which the motors were asked [ns].
        states: By motor id, of those that answered.
        missing: Ids of those that did not, in spite of every attempt.
    """

    time_ns: int
    states: Mapping[int, MotorState]
    missing: tuple[int, ...]


class MotorBus:
    """Talks to many motors at once.

    Methods may be called from any thread; each holds the port's lock while it talks.

    Args:
        port: Open serial port.
        motor_ids: Who is on it.

    Attributes:
        port: The serial port.
        motor_ids: In the order in which they are asked.
        losses: What went wrong until now.
    """

    def __init__(self, port: SerialPort, motor_ids: Iterable[int]) -> None:
        self.port = port
        self.motor_ids = tuple(motor_ids)
        self.losses = Losses(stale=dict.fromkeys(self.motor_ids, 0))
        self._polling = Polling(port, self.motor_ids, self.losses)

    @property
    def fast(self) -> bool:
        """Whether motors give one common answer (fast sync read), not one each (sync read)."""
        return self._polling.fast

    @property
    def silent(self) -> tuple[int, ...]:
        """Motors that have not answered for `SILENT_CYCLES` or more."""
        stale = self.losses.stale
        return tuple(motor_id for motor_id in self.motor_ids if stale[motor_id] >= SILENT_CYCLES)

    def exchange(self, goals: Mapping[int, int] | None = None) -> BusReading:
        """One cycle: write goal positions, then read current, velocity and position of all.

        One lost answer costs 5 ms. A motor that stays silent does not keep the others' answers
        from arriving; after `SILENT_CYCLES` it is asked only now and then.

        Args:
            goals: Goal_Position [ticks] by motor id; None or empty to write none.

        Raises:
            BusError: a goal is for a motor that is not on this bus, or no 32-bit number.
            PortLost: the device is gone.
        """
        write = self._encode_write(_GOAL, goals) if goals else b""
        start, size = _STATE[0].address, _STATE_LAYOUT.size
        with self.port.lock:
            replies, asked_ns = self._polling.ask(self._talking(), start, size, write)
            answers = dict(replies.data)
            if self.silent and self.losses.cycles % PROBE_CYCLES == 0:
                answers |= self._polling.ask(self.silent, start, size, attempts=1)[0].data
        states = {motor_id: _state(*answer) for motor_id, answer in sorted(answers.items())}
        missing = tuple(motor_id for motor_id in self.motor_ids if motor_id not in states)
        self.losses.count(missing)
        return BusReading(asked_ns, states, missing)

    def write_all(self, name: str, values: Mapping[int, int]) -> None:
        """Write one register of many motors at once. Nobody acknowledges that: in doubt, read.

        Args:
            name: Of the register.
            values: By motor id.

        Raises:
            BusError: a motor is not on this bus, or a value does not fit.
            PortLost: the device is gone.
        """
        with self.port.lock:
            self.port.write(self._encode_write(REGISTERS[name], values))

    def read_all(self, *names: str) -> dict[int, tuple[int, ...]]:
        """Read registers of all motors that are not silent, in one go.

        Args:
            names: Of registers that lie close together; all between them are read, too.

        Returns:
            Their values in the order of `names`, by motor id, of those that answered.

        Raises:
            PortLost: the device is gone.
        """
        registers = [REGISTERS[name] for name in names]
        start = min(register.address for register in registers)
        size = max(register.address + register.size for register in registers) - start
        with self.port.lock:
            replies, _ = self._polling.ask(self._talking(), start, size)
        return {
            motor_id: tuple(_cut(register, data, start) for register in registers)
            for motor_id, (_, data) in sorted(replies.data.items())
        }

    def _encode_write(self, register: Register, values: Mapping[int, int]) -> bytes:
        strangers = sorted(set(values) - set(self.motor_ids))
        if strangers:
            raise BusError(f"no motor {strangers} on this bus: it has {list(self.motor_ids)}")
        blocks = {motor_id: pack(register, value) for motor_id, value in values.items()}
        return encode_sync_write(register.address, register.size, blocks)

    def _talking(self) -> set[int]:
        return set(self.motor_ids) - set(self.silent)


def _state(error: int, data: bytes) -> MotorState:
    current_ma, velocity_raw, position_ticks = _STATE_LAYOUT.unpack(data)
    return MotorState(current_ma, velocity_raw, position_ticks, error)


def _cut(register: Register, data: bytes, start: int) -> int:
    at = register.address - start
    return unpack(register, data[at : at + register.size])

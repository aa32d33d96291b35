"""Single registers, ping and reboot through ROBOTIS' `dynamixel-sdk`, on a port that is open.

What the SDK does that would hurt is put right in `_SharedPort`, the object through which it
reaches the port: it waits 34 ms for every lost answer (its constant `LATENCY_TIMER = 16`), reads
the wall clock, keeps the processor busy while it waits, and sends unstuffed what needs stuffing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hardware.bus.packets import ALERT, encode
from hardware.bus.port import SerialPort
from hardware.bus.registers import (
    ERROR_NAMES,
    REGISTERS,
    Register,
    hardware_error_names,
    pack,
    unpack,
)
from hardware.errors import BusError, MotorFault, missing_package

try:
    import dynamixel_sdk
except ModuleNotFoundError as error:
    raise missing_package("dynamixel-sdk") from error

ANSWER_S = 0.010
"""How much longer than its bytes take an answer is waited for [s]; set-up has time."""

RETRIES = 2
"""How often a question is put again that was not answered, or whose answer was damaged."""

REBOOT_S = 0.5
"""How long a motor may take to answer after a reboot [s]."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a motor answers to a ping.

    Attributes:
        model_number: See `registers.MODEL_OF_NUMBER`.
        firmware: Version.
    """

    model_number: int
    firmware: int


class _SharedPort(dynamixel_sdk.PortHandler):  # type: ignore[misc]
    """The SDK's way to a `SerialPort` that somebody else opened and will close."""

    def __init__(self, port: SerialPort) -> None:
        super().__init__(port.device)
        self._port = port
        self.ser = port.serial
        self.is_open = True

    def clearPort(self) -> None:  # noqa: N802  the SDK's names
        self._port.flush_input()

    def getBaudRate(self) -> int:  # noqa: N802
        return self._port.baud

    def getCurrentTime(self) -> float:  # noqa: N802  [ms]
        return time.monotonic_ns() / 1e6

    def setPacketTimeout(self, packet_length: int) -> None:  # noqa: N802
        self.setPacketTimeoutMillis(1e3 * (self._port.wire_s(packet_length) + ANSWER_S))

    def readPort(self, length: int) -> bytes:  # noqa: N802
        left_ms = max(self.packet_timeout - self.getTimeSinceStart(), 0.0)
        return self._port.read(time.monotonic_ns() + round(1e6 * left_ms), length)

    def writePort(self, packet: Sequence[int]) -> int:  # noqa: N802
        instruction, parameters = packet[7], bytes(packet[8:-2])
        self._port.write(encode(packet[4], instruction, parameters))  # with stuffing
        return len(packet)


class Motors:
    """Motors one by one, acknowledged: for set-up and diagnosis, not for the control loop.

    Args:
        port: Open serial port; may be in use by a `MotorBus`, too.
    """

    def __init__(self, port: SerialPort) -> None:
        self.port = port
        self._shared = _SharedPort(port)
        self._sdk = dynamixel_sdk.PacketHandler(2.0)

    def ping(self, motor_id: int) -> int | None:
        """Model number of a motor; None if it does not answer.

        Raises:
            PortLost: the device is gone.
        """
        answer = self._talk(lambda sdk, port: sdk.ping(port, motor_id))
        return None if answer is None else int(answer[0])

    def broadcast_ping(self) -> dict[int, Identity]:
        """Everybody on the bus, by id. Takes 0.8 s: motors answer one after the other.

        Raises:
            PortLost: the device is gone.
        """
        with self.port.lock:
            try:
                found, _ = self._sdk.broadcastPing(self._shared)
            finally:
                self._shared.is_using = False
        return {
            motor_id: Identity(number, version)
            for motor_id, (number, version) in sorted(found.items())
        }

    def read(self, motor_id: int, name: str) -> int:
        """Value of a register; also of a motor with a hardware error.

        Raises:
            BusError: the motor does not answer.
            MotorFault: it refuses.
            PortLost: the device is gone.
        """
        register = REGISTERS[name]
        answer = self._talk(
            lambda sdk, port: sdk.readTxRx(port, motor_id, register.address, register.size)
        )
        if answer is None:
            raise self._silent(motor_id)
        data, _, error = answer
        self._refuse(motor_id, f"reading {name}", error)
        return unpack(register, bytes(data))

    def write(self, motor_id: int, name: str, value: int) -> None:
        """Write a register, and read it back unless that changes how to reach the motor.

        Raises:
            BusError: the value does not fit, or the motor does not answer.
            MotorFault: it refuses, or does not keep the value.
            PortLost: the device is gone.
        """
        register = REGISTERS[name]
        data = list(pack(register, value))
        answer = self._talk(
            lambda sdk, port: sdk.writeTxRx(port, motor_id, register.address, len(data), data)
        )
        if answer is None:
            raise self._silent(motor_id)
        self._refuse(motor_id, f"writing {name} = {value}", answer[1])
        if name not in ("ID", "Baud_Rate"):
            self._read_back(motor_id, register, value)

    def reboot(self, motor_id: int) -> None:
        """Restart one motor: clears its hardware error and turns its torque off.

        Raises:
            BusError: it does not answer, before or after.
            MotorFault: it refuses.
            PortLost: the device is gone.
        """
        answer = self._talk(lambda sdk, port: sdk.reboot(port, motor_id))
        if answer is None:
            raise self._silent(motor_id)
        self._refuse(motor_id, "reboot", answer[1])
        deadline_s = time.monotonic() + REBOOT_S
        while self.ping(motor_id) is None:
            if time.monotonic() > deadline_s:
                raise self._silent(motor_id)

    def hardware_errors(self, motor_id: int) -> tuple[str, ...]:
        """What a motor's Hardware_Error_Status says, in words; empty if all is well.

        Raises:
            BusError, MotorFault, PortLost: as in `read`.
        """
        return hardware_error_names(self.read(motor_id, "Hardware_Error_Status"))

    def let_late_answers_pass(self) -> None:
        """Wait until the line is quiet: a late answer must not be taken for that to the next.

        Raises:
            PortLost: the device is gone.
        """
        with self.port.lock:
            while self.port.read(time.monotonic_ns() + round(1e9 * ANSWER_S)):
                pass

    def _talk(self, call: Callable[[Any, _SharedPort], tuple[Any, ...]]) -> tuple[Any, ...] | None:
        """One call of the SDK, repeated when its answer is lost; None when nobody answers.

        The result code is the last but one of what it returns, or the first of two.
        """
        with self.port.lock:
            for _ in range(1 + RETRIES):
                try:
                    answer = call(self._sdk, self._shared)
                finally:
                    self._shared.is_using = False  # the SDK leaves it set when a call raises
                if answer[-2] == dynamixel_sdk.COMM_SUCCESS:
                    return answer
                self.let_late_answers_pass()
        return None

    def _refuse(self, motor_id: int, what: str, error: int) -> None:
        number = error & ~ALERT
        if number:
            reason = ERROR_NAMES.get(number, f"error {number}") + _CURES.get(number, "")
            alarm = self._alarm(motor_id) if error & ALERT else ""
            raise MotorFault(f"motor {motor_id} refuses {what}: {reason}{alarm}")

    def _read_back(self, motor_id: int, register: Register, value: int) -> None:
        kept = self.read(motor_id, register.name)
        if kept == value:
            return
        what = f"{register.name} = {value}, it reads {kept}"
        raise MotorFault(f"motor {motor_id} does not keep {what}{self._alarm(motor_id)}")

    def _alarm(self, motor_id: int) -> str:
        """The motor's hardware errors with what clears them, to put behind a message."""
        register = REGISTERS["Hardware_Error_Status"]
        answer = self._talk(lambda sdk, port: sdk.readTxRx(port, motor_id, register.address, 1))
        errors = hardware_error_names(answer[0][0]) if answer and answer[0] else ()
        if not errors:
            return ""
        return f" ({' and '.join(errors)}: let it cool, then 'dacapo hand reboot {motor_id}')"

    def _silent(self, motor_id: int) -> BusError:
        return BusError(
            f"motor {motor_id} on {self.port.device} does not answer at {self.port.baud} bit/s: "
            f"check its cable and power, then run 'dacapo doctor hand'"
        )


_CURES = {
    4: ": is the value in the register's range, and no watchdog tripped?",
    6: ": look up the limit registers",
    7: ": with torque on, set-up registers are locked: run 'dacapo hand release'",
}
"""What to do next, by error number."""

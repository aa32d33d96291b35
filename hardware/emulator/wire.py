"""The line between the host and the motors: who hears a packet, and what comes back.

Protocol 2.0 as the motors speak it (ROBOTIS e-Manual, `docs/en/dxl/protocol2.md`). Pure: time is
an argument, and the reply says how long the line would have taken.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from hardware.bus.packets import (
    BROADCAST,
    HEADER,
    ErrorNumber,
    Instruction,
    Packet,
    crc16,
    encode_status,
)
from hardware.emulator.firmware import Motor

READS_ONLY, ALL = 1, 2
"""Values of Status_Return_Level; a ping is answered at any."""

_LONGEST = 0xFFFF  # what the length field of a packet can say


@dataclass(frozen=True)
class Reply:
    """What the motors send back to one packet.

    Attributes:
        data: All status packets, one behind the other.
        delay_s: Time that the motors wait before and between them [s]; the time that the bytes
            take comes on top.
    """

    data: bytes
    delay_s: float


class Wire:
    """Motors on one line.

    Args:
        motors: Several may have the same id: then their answers collide.
    """

    def __init__(self, motors: Sequence[Motor]) -> None:
        self._motors = tuple(motors)
        self._handlers: Mapping[int, Callable[[Packet, list[Motor]], Reply | None]] = {
            Instruction.SYNC_WRITE: self._sync_write,
            Instruction.BULK_WRITE: self._bulk_write,
            Instruction.SYNC_READ: self._sync_read,
            Instruction.FAST_SYNC_READ: self._fast_sync_read,
            Instruction.BULK_READ: self._bulk_read,
        }

    def serve(self, packet: Packet, baud_rate: int, now_ns: int) -> Reply | None:
        """Let every motor that can hear a packet obey it.

        Args:
            packet: From the host.
            baud_rate: At which the host sends [bit/s]; motors at another one hear nothing.
            now_ns: Monotonic time [ns].

        Returns:
            Their answer, if there is one.
        """
        if packet.instruction == Instruction.STATUS:
            return None
        hearing = [m for m in self._motors if m.baud_rate == baud_rate and m.awake(now_ns)]
        for motor in hearing:
            motor.heard_ns = now_ns
        handler = self._handlers.get(packet.instruction)
        if handler is not None:
            return handler(packet, hearing)
        if packet.motor_id == BROADCAST:
            return self._broadcast(packet, hearing, now_ns)
        addressed = [motor for motor in hearing if motor.motor_id == packet.motor_id]
        return _one_answer(addressed, lambda motor: _obey(motor, packet, now_ns))

    def _broadcast(self, packet: Packet, hearing: list[Motor], now_ns: int) -> Reply | None:
        if packet.instruction == Instruction.PING:
            ids = sorted({motor.motor_id for motor in hearing})
            return _chain(
                _one_answer([m for m in hearing if m.motor_id == motor_id], _pinged)
                for motor_id in ids
            )
        for motor in hearing:
            _obey(motor, packet, now_ns)
        return None

    def _sync_write(self, packet: Packet, hearing: list[Motor]) -> None:
        address, size = _span(packet.parameters)
        blocks, step = packet.parameters[4:], size + 1
        data = {blocks[i]: blocks[i + 1 : i + step] for i in range(0, len(blocks), step)}
        for motor in hearing:
            block = data.get(motor.motor_id)
            if block is not None and len(block) == size:
                motor.write(address, block)

    def _bulk_write(self, packet: Packet, hearing: list[Motor]) -> None:
        rest = packet.parameters
        while len(rest) >= 5:
            motor_id, address, size = struct.unpack_from("<BHH", rest)
            block, rest = rest[5 : 5 + size], rest[5 + size :]
            for motor in hearing:
                if motor.motor_id == motor_id and len(block) == size:
                    motor.write(address, block)

    def _sync_read(self, packet: Packet, hearing: list[Motor]) -> Reply | None:
        address, size = _span(packet.parameters)
        return _chain(_answers(hearing, [(i, address, size) for i in packet.parameters[4:]]))

    def _bulk_read(self, packet: Packet, hearing: list[Motor]) -> Reply | None:
        entries = packet.parameters[: len(packet.parameters) // 5 * 5]
        return _chain(_answers(hearing, list(struct.iter_unpack("<BHH", entries))))

    def _fast_sync_read(self, packet: Packet, hearing: list[Motor]) -> Reply | None:
        """One packet that every motor continues; it breaks off at one that is silent."""
        address, size = _span(packet.parameters)
        ids = packet.parameters[4:]
        known = {motor.motor_id: motor for motor in hearing if motor.reads_fast}
        length = 1 + len(ids) * (4 + size)
        if length > _LONGEST:
            return None
        reply = HEADER + struct.pack("<BHB", BROADCAST, length, Instruction.STATUS)
        start, crc = len(reply), crc16(reply)
        for motor_id in ids:
            motor = known.get(motor_id)
            data = motor.read(address, size) if motor else None
            if motor is None or data is None:
                break
            block = bytes((motor.alert, motor_id)) + data
            mark = struct.pack("<H", crc16(block, crc))  # covers all that went before
            crc = crc16(mark, int.from_bytes(mark, "little"))
            reply += block + mark
        if len(reply) == start:
            return None
        return Reply(reply, known[ids[0]].return_delay_s)


def _span(parameters: bytes) -> tuple[int, int]:
    """Address and size, with which every sync instruction begins."""
    address, size = struct.unpack_from("<HH", parameters.ljust(4, b"\0"))
    return int(address), int(size)


def _answers(
    hearing: Iterable[Motor], questions: Iterable[tuple[int, int, int]]
) -> Iterator[Reply | None]:
    """Each motor's answer to `(id, address, size)`, in the order of the questions."""
    for motor_id, address, size in questions:
        asked = [motor for motor in hearing if motor.motor_id == motor_id]
        yield _one_answer(asked, partial(_read, address=address, size=size))


def _chain(replies: Iterable[Reply | None]) -> Reply | None:
    """Answers one behind the other; each motor waits for the one before, so a gap ends it."""
    data, delay_s = b"", 0.0
    for reply in replies:
        if reply is None:
            break
        data += reply.data
        delay_s += reply.delay_s
    return Reply(data, delay_s) if data else None


def _one_answer(motors: Sequence[Motor], ask: Callable[[Motor], bytes | None]) -> Reply | None:
    """What arrives when `motors`, which have the same id, answer at the same time."""
    answers = [answer for motor in motors if (answer := ask(motor)) is not None]
    if not answers:
        return None
    data = answers[0] if len(answers) == 1 else _collision(answers)
    return Reply(data, min(motor.return_delay_s for motor in motors))


def _collision(answers: Sequence[bytes]) -> bytes:
    """A low bit wins on the line, and no two motors begin in the same instant."""
    garbled = bytearray(answers[0])
    for answer in answers[1:]:
        for i in range(1, min(len(garbled), len(answer))):
            garbled[i] &= answer[i - 1]
    return bytes(garbled)


def _pinged(motor: Motor) -> bytes:
    return encode_status(motor.motor_id, motor.alert, motor.ping())


def _read(motor: Motor, address: int, size: int) -> bytes | None:
    if motor.return_level < READS_ONLY:
        return None
    data = motor.read(address, size)
    error = ErrorNumber.DATA_RANGE if data is None else ErrorNumber.NONE
    return encode_status(motor.motor_id, motor.alert | error, data or b"")


def _obey(motor: Motor, packet: Packet, now_ns: int) -> bytes | None:
    """Let one motor do what a packet says, and return its status packet."""
    if packet.instruction == Instruction.PING:
        return _pinged(motor)
    parameters = packet.parameters
    if packet.instruction == Instruction.READ:
        if len(parameters) != 4:
            return _status(motor, motor.motor_id, ErrorNumber.DATA_LENGTH)
        return _read(motor, *_span(parameters))
    motor_id, level = motor.motor_id, motor.return_level  # it answers as it was when it was asked
    error = _carry_out(motor, packet.instruction, parameters, now_ns)
    return _status(motor, motor_id, error) if level >= ALL else None


def _carry_out(motor: Motor, instruction: int, parameters: bytes, now_ns: int) -> ErrorNumber:
    if instruction in (Instruction.WRITE, Instruction.REG_WRITE):
        if len(parameters) < 3:
            return ErrorNumber.DATA_LENGTH
        address = int.from_bytes(parameters[:2], "little")
        write = motor.write if instruction == Instruction.WRITE else motor.keep
        return write(address, parameters[2:])
    if instruction == Instruction.ACTION:
        motor.act()
    elif instruction == Instruction.REBOOT:
        motor.reboot(now_ns)
    elif instruction == Instruction.FACTORY_RESET:
        return ErrorNumber.RESULT_FAIL
    else:
        return ErrorNumber.INSTRUCTION
    return ErrorNumber.NONE


def _status(motor: Motor, motor_id: int, error: ErrorNumber) -> bytes:
    return encode_status(motor_id, motor.alert | error)

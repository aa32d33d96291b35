"""Packets of Dynamixel Protocol 2.0: CRC, stuffing, instructions, statuses, fast sync reads.

Source of all layouts: ROBOTIS e-Manual, `docs/en/dxl/protocol2.md`; of the reply to a fast sync
read also the C++ DynamixelSDK. Facts and test vectors are in `hardware/data/dynamixel.json`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

HEADER = b"\xff\xff\xfd\x00"
BROADCAST = 0xFE
"""Id that addresses every motor."""

MAX_ID = 252
ALERT = 0x80
"""Bit of a status packet's error byte: the motor has a hardware error (register 70)."""

_START = len(HEADER)  # of the id
_INSTRUCTION = 7  # header 4, id 1, length 2
_MAX_LENGTH = 1024  # longest that DynamixelSDK accepts; a longer one is a damaged length field
_HEADER_MARK = b"\xff\xff\xfd"
_STUFFED_MARK = b"\xff\xff\xfd\xfd"


class Instruction(IntEnum):
    """What a packet is for."""

    PING = 1
    READ = 2
    WRITE = 3
    REG_WRITE = 4
    ACTION = 5
    FACTORY_RESET = 6
    REBOOT = 8
    CLEAR = 16
    CONTROL_TABLE_BACKUP = 32
    STATUS = 85
    SYNC_READ = 130
    SYNC_WRITE = 131
    FAST_SYNC_READ = 138
    BULK_READ = 146
    BULK_WRITE = 147
    FAST_BULK_READ = 154


class ErrorNumber(IntEnum):
    """What the lower seven bits of a status packet's error byte mean."""

    NONE = 0
    RESULT_FAIL = 1
    INSTRUCTION = 2
    CRC = 3
    DATA_RANGE = 4
    DATA_LENGTH = 5
    DATA_LIMIT = 6
    ACCESS = 7


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet whose CRC was right.

    Attributes:
        motor_id: Who it is for; in a status packet, who it is from.
        instruction: An `Instruction`, or a number that is none.
        parameters: Without stuffing. In a status packet without the error byte.
        error: Error byte of a status packet, else 0.
    """

    motor_id: int
    instruction: int
    parameters: bytes
    error: int = 0


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x8005 if crc & 0x8000 else 0)
        table.append(crc & 0xFFFF)
    return tuple(table)


_CRC_TABLE = _crc_table()


def crc16(data: bytes, crc: int = 0) -> int:
    """CRC-16/IBM, x^16 + x^15 + x^2 + 1, not reflected, of `data` after what made `crc`."""
    table = _CRC_TABLE
    for byte in data:
        crc = ((crc << 8) & 0xFFFF) ^ table[(crc >> 8) ^ byte]
    return crc


def stuff(data: bytes) -> bytes:
    """Insert FD after every FF FF FD, so that no header appears inside a packet."""
    return data.replace(_HEADER_MARK, _STUFFED_MARK)


def unstuff(data: bytes) -> bytes:
    """Take out what `stuff` inserted."""
    return data.replace(_STUFFED_MARK, _HEADER_MARK)


def encode(motor_id: int, instruction: int, parameters: bytes = b"") -> bytes:
    """One instruction packet, stuffed and with its CRC.

    Args:
        motor_id: 0 to 252, or `BROADCAST`.
        instruction: What is to be done.
        parameters: Of the instruction, not stuffed.
    """
    body = stuff(bytes((instruction,)) + parameters)
    packet = HEADER + struct.pack("<BH", motor_id, len(body) + 2) + body
    return packet + struct.pack("<H", crc16(packet))


def encode_status(motor_id: int, error: int, parameters: bytes = b"") -> bytes:
    """One status packet as a motor sends it."""
    return encode(motor_id, Instruction.STATUS, bytes((error,)) + parameters)


def encode_sync_read(
    address: int, size: int, motor_ids: Iterable[int], *, fast: bool = False
) -> bytes:
    """Ask many motors for the same `size` bytes at `address`; `fast`: for one common reply."""
    instruction = Instruction.FAST_SYNC_READ if fast else Instruction.SYNC_READ
    return encode(BROADCAST, instruction, struct.pack("<HH", address, size) + bytes(motor_ids))


def encode_sync_write(address: int, size: int, data: Mapping[int, bytes]) -> bytes:
    """Write `size` bytes at `address` of many motors at once, `data` by motor id. No reply."""
    blocks = b"".join(bytes((motor_id,)) + block for motor_id, block in data.items())
    return encode(BROADCAST, Instruction.SYNC_WRITE, struct.pack("<HH", address, size) + blocks)


def encode_fast_status(blocks: Sequence[tuple[int, int, bytes]]) -> bytes:
    """The one reply of many motors to a fast sync read, as it appears on the line.

    Args:
        blocks: `(motor_id, error, data)` in the order of the request, all data of one size.
    """
    length = 1 + sum(4 + len(data) for _, _, data in blocks)
    packet = HEADER + struct.pack("<BHB", BROADCAST, length, Instruction.STATUS)
    for motor_id, error, data in blocks:
        packet += bytes((error, motor_id)) + data
        packet += struct.pack("<H", crc16(packet))  # each motor's CRC covers all before it
    return packet


class PacketParser:
    """Finds packets in a stream of bytes, whatever else is in it.

    Made for both ends of the line: instructions (the emulated motors) and statuses. The reply to
    a fast sync read has no stuffing and is left to `FastReply`.

    Attributes:
        corrupt: Packets thrown away since the start because their CRC was wrong.
    """

    def __init__(self) -> None:
        self.corrupt = 0
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Packet]:
        """Take bytes from the line and return the packets that they complete, in order."""
        self._buffer += data
        packets = []
        while (end := self._find()) is not None:
            packet = self._take(end)
            if packet is not None:
                packets.append(packet)
        return packets

    def clear(self) -> None:
        """Forget what has not become a packet."""
        self._buffer.clear()

    def _find(self) -> int | None:
        """Put a whole packet at the start of the buffer and return its length [bytes]."""
        buffer = self._buffer
        while True:
            _drop_before_header(buffer)
            if len(buffer) < _INSTRUCTION:
                return None
            length = _length(buffer)
            if 3 <= length <= _MAX_LENGTH:
                end = _INSTRUCTION + length
                return end if len(buffer) >= end else None
            del buffer[0]

    def _take(self, end: int) -> Packet | None:
        packet = bytes(self._buffer[:end])
        if crc16(packet[:-2]) != int.from_bytes(packet[-2:], "little"):
            self.corrupt += 1
            del self._buffer[0]  # its length may be what is wrong: look for a header inside
            return None
        del self._buffer[:end]
        body = unstuff(packet[_INSTRUCTION:-2])
        if body[0] != Instruction.STATUS:
            return Packet(packet[_START], body[0], body[1:])
        return Packet(packet[_START], body[0], body[2:], body[1] if len(body) > 1 else 0)


class FastReply:
    """Reads the one reply of many motors to a fast sync read, while it arrives.

    Every motor's block is checked by itself, so one damaged block costs no other: the CRC behind
    a block is the state from which that of the next one goes on.

    Args:
        motor_ids: In the order of the request.
        size: Bytes of data per motor.

    Attributes:
        blocks: `(error, data)` by motor id: what arrived undamaged until now.
    """

    def __init__(self, motor_ids: Sequence[int], size: int) -> None:
        self.blocks: dict[int, tuple[int, bytes]] = {}
        self._ids = tuple(motor_ids)
        self._size = size
        self._next = 0  # block that comes next
        self._crc: int | None = None  # up to there; None: still looking for the start
        self._buffer = bytearray()
        length = 1 + len(self._ids) * (4 + size)
        self._start = HEADER + struct.pack("<BHB", BROADCAST, length, Instruction.STATUS)

    @property
    def ended(self) -> bool:
        """Whether nothing of this reply is still to come."""
        return self._next == len(self._ids)

    @property
    def missing_bytes(self) -> int:
        """Bytes still to come if the line is clean."""
        start = len(self._start) if self._crc is None else 0
        left = start + (len(self._ids) - self._next) * (4 + self._size) - len(self._buffer)
        return max(left, 0)

    def feed(self, data: bytes) -> None:
        """Take bytes from the line."""
        self._buffer += data
        if self._crc is None and not self._find_start():
            return
        while not self.ended and len(self._buffer) >= 4 + self._size:
            self._take_block()

    def _find_start(self) -> bool:
        at = self._buffer.find(self._start)
        if at < 0:
            return False
        del self._buffer[: at + len(self._start)]
        self._crc = crc16(self._start)
        return True

    def _take_block(self) -> None:
        end = 4 + self._size
        block, mark = bytes(self._buffer[: end - 2]), bytes(self._buffer[end - 2 : end])
        del self._buffer[:end]
        motor_id, self._next = self._ids[self._next], self._next + 1
        received = int.from_bytes(mark, "little")
        if crc16(block, self._crc or 0) == received and block[1] == motor_id:
            self.blocks[motor_id] = (block[0], block[2:])
        self._crc = crc16(mark, received)


def _drop_before_header(buffer: bytearray) -> None:
    at = buffer.find(HEADER)
    if at < 0:  # keep what may be the beginning of one
        at = max(len(buffer) - len(HEADER) + 1, 0)
        while at < len(buffer) and not HEADER.startswith(bytes(buffer[at:])):
            at += 1
    del buffer[:at]


def _length(buffer: bytearray) -> int:
    return buffer[5] | buffer[6] << 8

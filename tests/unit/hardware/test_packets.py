"""Packets byte for byte: against the manual's vectors and against ROBOTIS' own SDK."""

import json
from importlib import resources

import dynamixel_sdk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.bus.packets import (
    BROADCAST,
    FastReply,
    Instruction,
    Packet,
    PacketParser,
    crc16,
    encode,
    encode_fast_status,
    encode_status,
    encode_sync_read,
    encode_sync_write,
    stuff,
    unstuff,
)

SDK = dynamixel_sdk.PacketHandler(2.0)
TABLE = json.loads((resources.files("hardware.data") / "dynamixel.json").read_text("utf-8"))
VECTORS = {entry["what"].strip(): bytes.fromhex(entry["hex"]) for entry in TABLE["test_vectors"]}

OURS = {
    "Ping ID 1": encode(1, Instruction.PING),
    "Ping ID 1 status (model 1030, fw 38)": encode_status(1, 0, bytes((0x06, 0x04, 0x26))),
    "Read ID 1, addr 132, len 4": encode(1, Instruction.READ, bytes((132, 0, 4, 0))),
    "status: position 166": encode_status(1, 0, (166).to_bytes(4, "little")),
    "Write ID 1, addr 116 = 512": encode(1, Instruction.WRITE, bytes((116, 0, 0, 2, 0, 0))),
    "status: ok": encode_status(1, 0),
    "Reboot ID 1": encode(1, Instruction.REBOOT),
    "Sync Read IDs 1,2 addr 132 len 4": encode_sync_read(132, 4, (1, 2)),
    "Sync Write addr 116: ID1=150, ID2=170": encode_sync_write(
        116, 4, {1: (150).to_bytes(4, "little"), 2: (170).to_bytes(4, "little")}
    ),
    "Fast Sync Read IDs 3,7,4 addr 132 len 4": encode_sync_read(132, 4, (3, 7, 4), fast=True),
    "status: 166, 2079, 1023": encode_fast_status(
        [(i, 0, value.to_bytes(4, "little")) for i, value in ((3, 166), (7, 2079), (4, 1023))]
    ),
}

ids = st.integers(0, 252)
parameters = st.lists(st.sampled_from([0, 1, 0x55, 0xFC, 0xFD, 0xFE, 0xFF]), max_size=40).map(bytes)
"""Bytes that make stuffing likely."""

fast_blocks = st.integers(0, 14).flatmap(
    lambda size: st.lists(
        st.tuples(ids, st.integers(0, 255), st.binary(min_size=size, max_size=size)),
        min_size=1,
        max_size=17,
        unique_by=lambda block: block[0],
    )
)


class Line:
    """What the SDK needs of a port: it keeps what is written and gives back what it was given."""

    def __init__(self, received: bytes = b"") -> None:
        self.is_using = False
        self.sent = b""
        self._received = received

    def clearPort(self) -> None:  # noqa: N802
        self.sent = b""

    def writePort(self, packet: list[int]) -> int:  # noqa: N802
        self.sent = bytes(packet)
        return len(packet)

    def readPort(self, length: int) -> bytes:  # noqa: N802
        data, self._received = self._received[:length], self._received[length:]
        return data

    def isPacketTimeout(self) -> bool:  # noqa: N802
        return not self._received


@pytest.mark.parametrize("what", VECTORS)
def test_packets_are_those_of_the_manual(what: str) -> None:
    assert OURS[what] == VECTORS[what]


@given(st.binary(max_size=300), st.integers(0, 0xFFFF))
def test_crc_is_that_of_the_sdk(data: bytes, start: int) -> None:
    assert crc16(data, start) == SDK.updateCRC(start, data, len(data))


@given(ids, st.integers(0, 227), st.binary(min_size=1, max_size=8))
def test_writes_are_those_of_the_sdk(motor_id: int, address: int, data: bytes) -> None:
    ours = encode(motor_id, Instruction.WRITE, bytes((address, 0)) + data)
    line = Line()
    SDK.writeTxOnly(line, motor_id, address, len(data), list(data))
    needs_stuffing = b"\xff\xff\xfd" in data
    assert (ours == line.sent) is not needs_stuffing  # there the SDK sends what no motor accepts


@given(ids, st.integers(0, 255), parameters)
def test_the_sdk_reads_our_statuses(motor_id: int, error: int, data: bytes) -> None:
    received, result = SDK.rxPacket(Line(encode_status(motor_id, error, data)), False)
    assert result == dynamixel_sdk.COMM_SUCCESS
    assert (received[4], received[8]) == (motor_id, error)
    if b"\xfd\xfd" not in data:  # the SDK may take one FD too many out of these
        assert bytes(received[9 : 9 + len(data)]) == data


@given(parameters)
def test_stuffing_leaves_no_header_inside_and_comes_out_again(data: bytes) -> None:
    stuffed = stuff(data)
    assert b"\xff\xff\xfd\x00" not in stuffed
    assert unstuff(stuffed) == data


@given(st.lists(st.tuples(ids, parameters), max_size=5), st.binary(max_size=20), st.data())
def test_packets_are_found_among_garbage_however_they_arrive(
    sent: list[tuple[int, bytes]], garbage: bytes, draw: st.DataObject
) -> None:
    stream = b"".join(encode(i, Instruction.WRITE, data) + garbage for i, data in sent)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    parser = PacketParser()
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    found = [packet for piece in pieces for packet in parser.feed(piece)]
    if b"\xff\xff\xfd\x00" not in stuff(garbage * 2):
        assert found == [Packet(i, Instruction.WRITE, data) for i, data in sent]


@given(st.binary(max_size=2000))
def test_garbage_breaks_nothing(garbage: bytes) -> None:
    parser = PacketParser()
    parser.feed(garbage)
    parser.feed(bytes(1100))  # the end of whatever a damaged length may have announced
    assert Packet(7, Instruction.PING, b"") in parser.feed(encode(7, Instruction.PING))


@given(ids, parameters, st.data())
def test_a_damaged_packet_is_thrown_away_and_the_next_one_found(
    motor_id: int, data: bytes, draw: st.DataObject
) -> None:
    packet = bytearray(encode_status(motor_id, 0, data))
    at = draw.draw(st.integers(7, len(packet) - 1))
    packet[at] ^= draw.draw(st.integers(1, 255))
    parser = PacketParser()
    after = encode_status(9, 0, b"abc")
    found = parser.feed(bytes(packet) + after)
    assert found == [Packet(9, Instruction.STATUS, b"abc")]
    assert parser.corrupt == 1


@given(fast_blocks, st.integers(1, 50), st.binary(max_size=9))
def test_fast_reply_round_trip(
    blocks: list[tuple[int, int, bytes]], chunk: int, garbage: bytes
) -> None:
    stream = garbage + encode_fast_status(blocks)
    reply = FastReply([block[0] for block in blocks], len(blocks[0][2]))
    for at in range(0, len(stream), chunk):
        assert not reply.ended
        reply.feed(stream[at : at + chunk])
    assert reply.ended
    assert reply.blocks == {motor_id: (error, data) for motor_id, error, data in blocks}


@given(fast_blocks, st.data())
def test_one_damaged_block_of_a_fast_reply_costs_no_other(
    blocks: list[tuple[int, int, bytes]], draw: st.DataObject
) -> None:
    stream, size = bytearray(encode_fast_status(blocks)), len(blocks[0][2])
    victim = draw.draw(st.integers(0, len(blocks) - 1))
    at = 8 + victim * (size + 4) + draw.draw(st.integers(0, size + 1))
    stream[at] ^= draw.draw(st.integers(1, 255))
    reply = FastReply([block[0] for block in blocks], size)
    reply.feed(bytes(stream))
    expected = {block[0]: (block[1], block[2]) for block in blocks}
    del expected[blocks[victim][0]]
    assert reply.blocks == expected


@given(fast_blocks, st.data())
def test_a_fast_reply_cut_short_keeps_what_was_whole(
    blocks: list[tuple[int, int, bytes]], draw: st.DataObject
) -> None:
    stream, size = encode_fast_status(blocks), len(blocks[0][2])
    end = draw.draw(st.integers(0, len(stream) - 1))
    reply = FastReply([block[0] for block in blocks], size)
    reply.feed(stream[:end])
    assert len(reply.blocks) == max(end - 8, 0) // (size + 4)
    assert not reply.ended


def test_the_sdk_reads_our_fast_reply() -> None:
    blocks = [(i, 0, bytes((i, 0xFF, 0xFF, 0xFD))) for i in range(17)]
    received, result = SDK.rxPacket(Line(encode_fast_status(blocks)), True)
    assert result == dynamixel_sdk.COMM_SUCCESS
    assert received[4] == BROADCAST
    assert bytes(received[10:14]) == bytes((0, 0xFF, 0xFF, 0xFD))

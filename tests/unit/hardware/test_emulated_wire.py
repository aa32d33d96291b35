"""Who hears a packet on the emulated line, and what comes back."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.bus.packets import (
    ALERT,
    BROADCAST,
    ErrorNumber,
    FastReply,
    Instruction,
    Packet,
    PacketParser,
)
from hardware.emulator.firmware import Motor
from hardware.emulator.wire import Reply, Wire

BAUD = 4_000_000
CYCLIC = struct.pack("<HH", 126, 10)


def line_of(*motor_ids: int, firmware: int = 52) -> tuple[Wire, list[Motor]]:
    motors = [Motor("xc330_m288", i, BAUD, 0.1 * i, firmware=firmware) for i in motor_ids]
    return Wire(motors), motors


def ask(
    wire: Wire, motor_id: int, instruction: int, parameters: bytes = b"", baud: int = BAUD
) -> Reply | None:
    return wire.serve(Packet(motor_id, instruction, parameters), baud, now_ns=1)


def statuses(reply: Reply | None) -> list[Packet]:
    return PacketParser().feed(reply.data) if reply else []


def test_the_addressed_motor_answers_after_its_return_delay() -> None:
    wire, _ = line_of(1, 2)
    reply = ask(wire, 2, Instruction.PING)
    assert reply is not None
    assert reply.delay_s == pytest.approx(500e-6)
    assert statuses(reply) == [Packet(2, Instruction.STATUS, struct.pack("<HB", 1240, 52))]


def test_all_answer_a_broadcast_ping_in_the_order_of_their_ids() -> None:
    wire, _ = line_of(5, 1, 3)
    assert [p.motor_id for p in statuses(ask(wire, BROADCAST, Instruction.PING))] == [1, 3, 5]


def test_another_baud_rate_reaches_nobody() -> None:
    wire, motors = line_of(1)
    assert ask(wire, 1, Instruction.PING, baud=57600) is None
    assert motors[0].heard_ns == 0


def test_motors_with_the_same_id_garble_each_other() -> None:
    wire, _ = line_of(1, 1, 2)
    assert statuses(ask(wire, 1, Instruction.PING)) == []
    assert [p.motor_id for p in statuses(ask(wire, BROADCAST, Instruction.PING))] == [2]


def test_a_sync_read_ends_at_a_silent_motor() -> None:
    wire, motors = line_of(1, 2, 3)
    motors[1].silent = True
    request = CYCLIC + bytes((1, 2, 3))
    assert [p.motor_id for p in statuses(ask(wire, BROADCAST, Instruction.SYNC_READ, request))] == [
        1
    ]
    reply = ask(wire, BROADCAST, Instruction.FAST_SYNC_READ, request)
    assert reply is not None
    reader = FastReply((1, 2, 3), 10)
    reader.feed(reply.data)
    assert list(reader.blocks) == [1]


def test_a_fast_sync_read_is_one_packet_with_every_motors_alert() -> None:
    wire, motors = line_of(1, 2, 3)
    motors[1].overload()
    reply = ask(wire, BROADCAST, Instruction.FAST_SYNC_READ, CYCLIC + bytes((3, 1, 2)))
    assert reply is not None
    assert reply.delay_s == pytest.approx(500e-6)
    reader = FastReply((3, 1, 2), 10)
    reader.feed(reply.data)
    assert reader.ended
    assert {i: error for i, (error, _) in reader.blocks.items()} == {3: 0, 1: 0, 2: ALERT}


def test_old_firmware_does_not_know_the_fast_sync_read() -> None:
    wire, _ = line_of(1, 2, firmware=45)
    request = CYCLIC + bytes((1, 2))
    assert ask(wire, BROADCAST, Instruction.FAST_SYNC_READ, request) is None
    assert len(statuses(ask(wire, BROADCAST, Instruction.SYNC_READ, request))) == 2


def test_the_status_return_level_decides_what_is_answered() -> None:
    wire, _ = line_of(1)
    read_led = struct.pack("<HH", 65, 1)
    ask(wire, 1, Instruction.WRITE, struct.pack("<HB", 68, 1))
    assert ask(wire, 1, Instruction.WRITE, struct.pack("<HB", 65, 1)) is None
    assert statuses(ask(wire, 1, Instruction.READ, read_led))[0].parameters == b"\1"
    ask(wire, 1, Instruction.WRITE, struct.pack("<HB", 68, 0))
    assert ask(wire, 1, Instruction.READ, read_led) is None
    assert statuses(ask(wire, 1, Instruction.PING))


def test_bulk_instructions_reach_other_registers_of_each_motor() -> None:
    wire, motors = line_of(1, 2)
    ask(
        wire, BROADCAST, Instruction.BULK_WRITE, struct.pack("<BHHBBHHi", 1, 65, 1, 1, 2, 116, 4, 7)
    )
    assert (motors[0].table["LED"], motors[1].table["Goal_Position"]) == (1, 7)
    request = struct.pack("<BHHBHH", 2, 116, 4, 1, 65, 1)
    answers = statuses(ask(wire, BROADCAST, Instruction.BULK_READ, request))
    assert [p.parameters for p in answers] == [struct.pack("<i", 7), b"\1"]


def test_a_factory_reset_is_refused() -> None:
    wire, _ = line_of(1)
    assert statuses(ask(wire, 1, Instruction.FACTORY_RESET, b"\xff"))[0].error == (
        ErrorNumber.RESULT_FAIL
    )


def test_a_new_id_is_confirmed_under_the_old_one() -> None:
    wire, _ = line_of(1)
    reply = ask(wire, 1, Instruction.WRITE, struct.pack("<HB", 7, 9))
    assert statuses(reply)[0].motor_id == 1
    assert ask(wire, 1, Instruction.PING) is None
    assert statuses(ask(wire, 9, Instruction.PING))[0].motor_id == 9


@settings(deadline=None)
@given(
    st.sampled_from((1, 2, 7, BROADCAST)),
    st.sampled_from(list(Instruction)) | st.integers(0, 255),
    st.binary(max_size=40),
)
def test_no_packet_breaks_it_and_every_answer_is_well_formed(
    motor_id: int, instruction: int, parameters: bytes
) -> None:
    wire, motors = line_of(1, 2)
    reply = ask(wire, motor_id, instruction, parameters)
    if reply is not None and instruction != Instruction.FAST_SYNC_READ:
        assert statuses(reply)
    for motor in motors:
        motor.advance(10**9)
        assert motor.read(0, 148) is not None

"""ROBOTIS' own SDK drives the emulated motors, with the calls of its examples.

The sequences are those of DynamixelSDK's Python examples for protocol 2.0 (ping, broadcast ping,
read and write, sync write and sync read, fast sync read, bulk write and bulk read, reboot, factory
reset), with the addresses of an XC330, and of LEAP_Hand_API's `python/main.py`. The rig is emulated
by a process of its own, as users have it: the SDK keeps the processor busy while it waits.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, TypeVar

import pytest

from tests.emulated.hardware.emulated import emulate

sdk = pytest.importorskip("dynamixel_sdk")

BAUD = 4_000_000
TORQUE_ENABLE, GOAL_POSITION, PRESENT_POSITION = 64, 116, 132
OK = (0, 0)  # result of the communication, error of the motor
FINGERS = tuple(range(16))
OVERLOADED = 15  # its thumb's last motor has pushed too hard before anybody came
WORLD = """\
schema: 1
name: overloaded
faults: {events: [{at_s: 0.0, kind: motor_overload, joint: th_ipl}]}
"""

Port: TypeAlias = Any  # the SDK has no types
Packets: TypeAlias = Any
T = TypeVar("T")


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory, midi_system: None) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("emulated")
    world = folder / "world.yaml"
    world.write_text(WORLD)
    with emulate("--world", str(world), "--port", str(folder / "motors")) as (_, announced):
        yield announced["serial_device"]


@pytest.fixture
def port(device: str) -> Iterator[Port]:
    port = sdk.PortHandler(device)
    assert port.openPort()
    assert port.setBaudRate(BAUD)
    yield port
    port.closePort()


@pytest.fixture
def packets() -> Packets:
    return sdk.PacketHandler(2.0)


def ask(call: Callable[..., T], *arguments: object) -> T:
    """One call of the SDK, repeated when it gave up: on a busy machine its 34 ms pass unseen."""
    for _ in range(5):
        answer = call(*arguments)
        results = answer if isinstance(answer, tuple) else (answer,)
        if not {sdk.COMM_RX_TIMEOUT, sdk.COMM_RX_CORRUPT} & {r for r in results if type(r) is int}:
            break
    return answer


def until_there(
    packets: Packets, port: Port, motor_id: int, goal: int, timeout_s: float = 2.0
) -> int:
    """The loop of the read_write example, with an end; returns the last position."""
    give_up_at = time.monotonic() + timeout_s
    position = -10_000
    while abs(goal - position) > 10 and time.monotonic() < give_up_at:
        position, result, error = ask(packets.read4ByteTxRx, port, motor_id, PRESENT_POSITION)
        assert (result, error) == OK
    return int(position)


def test_ping(port: Port, packets: Packets) -> None:
    assert ask(packets.ping, port, 1) == (1240, *OK)
    assert packets.ping(port, 99)[1] == sdk.COMM_RX_TIMEOUT


def test_broadcast_ping(port: Port, packets: Packets) -> None:
    found, result = ask(packets.broadcastPing, port)
    assert result == sdk.COMM_SUCCESS
    assert found == {motor_id: [1240, 52] for motor_id in range(17)}


def test_read_write(port: Port, packets: Packets) -> None:
    assert ask(packets.write1ByteTxRx, port, 12, TORQUE_ENABLE, 1) == OK
    for goal in (2200, 2048):
        assert ask(packets.write4ByteTxRx, port, 12, GOAL_POSITION, goal) == OK
        assert until_there(packets, port, 12, goal) == pytest.approx(goal, abs=10)
    assert ask(packets.write1ByteTxRx, port, 12, TORQUE_ENABLE, 0) == OK


def test_an_error_of_a_motor_has_the_sdks_own_words(port: Port, packets: Packets) -> None:
    _, error = ask(packets.write4ByteTxRx, port, 1, GOAL_POSITION, 5000)
    assert packets.getRxPacketError(error) == (
        "[RxPacketError] The data value exceeds the limit value!"
    )


def test_sync_write_and_sync_read(port: Port, packets: Packets) -> None:
    write = sdk.GroupSyncWrite(port, packets, GOAL_POSITION, 4)
    read = sdk.GroupSyncRead(port, packets, PRESENT_POSITION, 4)
    goals = {1: 2148, 5: 2248}
    for motor_id, goal in goals.items():
        assert ask(packets.write1ByteTxRx, port, motor_id, TORQUE_ENABLE, 1) == OK
        assert read.addParam(motor_id)
        assert write.addParam(motor_id, goal.to_bytes(4, "little"))
    assert write.txPacket() == sdk.COMM_SUCCESS
    time.sleep(0.5)
    assert ask(read.txRxPacket) == sdk.COMM_SUCCESS
    for motor_id, goal in goals.items():
        assert read.isAvailable(motor_id, PRESENT_POSITION, 4)
        assert read.getData(motor_id, PRESENT_POSITION, 4) == pytest.approx(goal, abs=40)
        assert ask(packets.write1ByteTxRx, port, motor_id, TORQUE_ENABLE, 0) == OK


def test_fast_sync_read(port: Port, packets: Packets) -> None:
    read = sdk.GroupSyncRead(port, packets, 126, 10)
    for motor_id in FINGERS:
        assert read.addParam(motor_id)
    assert ask(read.fastSyncRead) == sdk.COMM_SUCCESS
    for motor_id in FINGERS:
        assert 0 < read.getData(motor_id, PRESENT_POSITION, 4) < 4096


def test_bulk_write_and_bulk_read(port: Port, packets: Packets) -> None:
    write, read = sdk.GroupBulkWrite(port, packets), sdk.GroupBulkRead(port, packets)
    assert write.addParam(1, GOAL_POSITION, 4, (2100).to_bytes(4, "little"))
    assert write.addParam(2, 65, 1, [1])
    assert write.txPacket() == sdk.COMM_SUCCESS
    assert read.addParam(1, GOAL_POSITION, 4)
    assert read.addParam(2, 65, 1)
    assert ask(read.txRxPacket) == sdk.COMM_SUCCESS
    assert (read.getData(1, GOAL_POSITION, 4), read.getData(2, 65, 1)) == (2100, 1)


def test_reboot_ends_an_overload(port: Port, packets: Packets) -> None:
    motor = OVERLOADED
    _, result, error = ask(packets.read4ByteTxRx, port, motor, PRESENT_POSITION)
    assert (result, error) == (sdk.COMM_SUCCESS, 0x80)
    assert ask(packets.write1ByteTxRx, port, motor, TORQUE_ENABLE, 1)[1] & 0x80
    assert ask(packets.read1ByteTxRx, port, motor, TORQUE_ENABLE)[0] == 0
    assert ask(packets.reboot, port, motor) == (sdk.COMM_SUCCESS, 0)
    assert packets.ping(port, motor)[1] == sdk.COMM_RX_TIMEOUT
    time.sleep(0.25)
    assert ask(packets.ping, port, motor) == (1240, *OK)
    assert ask(packets.write1ByteTxRx, port, motor, TORQUE_ENABLE, 1) == OK
    assert ask(packets.write1ByteTxRx, port, motor, TORQUE_ENABLE, 0) == OK


def test_factory_reset_is_refused(port: Port, packets: Packets) -> None:
    _, error = ask(packets.factoryReset, port, 1, 0x02)
    assert packets.getRxPacketError(error) == (
        "[RxPacketError] Failed to process the instruction packet!"
    )
    assert ask(packets.ping, port, 1) == (1240, *OK)


def test_a_leap_client_starts_reads_and_moves(port: Port, packets: Packets) -> None:
    def write_all(address: int, size: int, value: int) -> None:
        write = sdk.GroupSyncWrite(port, packets, address, size)
        for motor_id in FINGERS:
            assert write.addParam(motor_id, value.to_bytes(size, "little"))
        assert write.txPacket() == sdk.COMM_SUCCESS

    write_all(11, 1, 5)
    for motor_id in FINGERS:
        assert ask(packets.write1ByteTxRx, port, motor_id, TORQUE_ENABLE, 1) == OK
    for address, value in ((84, 600), (82, 0), (80, 200), (102, 350)):
        write_all(address, 2, value)
    write_all(GOAL_POSITION, 4, 2147)
    time.sleep(0.6)
    read = sdk.GroupSyncRead(port, packets, 126, 10)
    for motor_id in FINGERS:
        assert read.addParam(motor_id)
    assert ask(read.fastSyncRead) == sdk.COMM_SUCCESS
    positions = [read.getData(motor_id, PRESENT_POSITION, 4) for motor_id in FINGERS]
    assert positions == pytest.approx([2147] * 16, abs=30)
    assert ask(packets.read1ByteTxRx, port, 3, 11) == (5, *OK)
    assert ask(packets.read2ByteTxRx, port, 3, 102) == (350, *OK)

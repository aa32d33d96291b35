"""The emulated serial device: its timing, its faults and its name."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from hardware.bus.packets import FastReply, PacketParser, encode, encode_sync_read
from hardware.emulator.firmware import Motor
from hardware.emulator.serial_line import LineFaults, SerialLine
from hardware.emulator.wire import Wire
from hardware.errors import BusError

BAUD = 4_000_000
PING = encode(1, 1)
PONG_BYTES = 14


@pytest.fixture
def line(tmp_path: Path) -> Iterator[SerialLine]:
    motors = [Motor("xc330_m288", i, BAUD, return_delay=0) for i in range(17)]
    with SerialLine(Wire(motors), tmp_path / "motors") as line:
        yield line


def open_port(line: SerialLine, baud: int = BAUD) -> serial.Serial:
    return serial.Serial(str(line.device), baud, timeout=0.2)


def ping(port: serial.Serial) -> bool:
    port.write(PING)
    return len(PacketParser().feed(port.read(PONG_BYTES))) == 1


def test_a_reply_takes_its_time_on_the_line(tmp_path: Path) -> None:
    motors = [Motor("xc330_m288", 1, 57600, return_delay=250)]
    with SerialLine(Wire(motors), tmp_path / "slow") as line, open_port(line, 57600) as port:
        took_s = []
        for _ in range(5):
            started = time.monotonic()
            assert ping(port)
            took_s.append(time.monotonic() - started)
    # 10 and 14 bytes of 10 bits, and 0.5 ms of return delay
    assert min(took_s) >= 24 * 10 / 57600 + 0.0005
    assert min(took_s) < 0.010


def test_seventeen_motors_answer_in_the_time_of_their_bytes(line: SerialLine) -> None:
    request = encode_sync_read(126, 10, range(17), fast=True)
    took_s = []
    with open_port(line) as port:
        for _ in range(20):
            reader, started = FastReply(range(17), 10), time.monotonic()
            port.write(request)
            reader.feed(port.read(reader.missing_bytes))
            took_s.append(time.monotonic() - started)
            assert reader.ended
    assert min(took_s) >= (31 + 246) * 10 / BAUD
    assert min(took_s) < 0.004


def test_the_wrong_baud_rate_gets_no_answer(line: SerialLine) -> None:
    with open_port(line, 57600) as port:
        assert not ping(port)
        port.baudrate = BAUD
        assert ping(port)


def test_noise_between_packets_does_not_matter(line: SerialLine) -> None:
    with open_port(line) as port:
        port.write(b"\xff\xff\xfd\x00garbage" + PING[:7])
        assert ping(port)


def test_unplugging_breaks_the_open_port_and_replugging_needs_a_new_one(line: SerialLine) -> None:
    first = os.readlink(line.device)
    port = open_port(line)
    assert ping(port)
    line.unplug()
    assert not line.device.is_symlink()
    with pytest.raises((OSError, serial.SerialException)):
        ping(port)
    line.plug()
    port.close()
    assert line.device.is_symlink()
    with open_port(line) as port:
        assert ping(port)
    assert os.readlink(line.device).startswith("/dev/pts/"), first


def test_dropped_packets_are_lost_and_the_next_ones_are_not(line: SerialLine) -> None:
    with open_port(line) as port:
        line.faults.drop_next(1)
        assert not ping(port)
        assert ping(port)


def test_a_share_of_packets_is_lost_or_damaged_and_the_seed_says_which() -> None:
    lossy = [
        [f.lost() for _ in range(2000)] for f in (LineFaults(drop=0.01, seed=s) for s in (1, 1, 2))
    ]
    assert lossy[0] == lossy[1] != lossy[2]
    assert sum(lossy[0]) == pytest.approx(20, abs=15)
    faults = LineFaults(corrupt=1.0, seed=3)
    assert faults.damaged()
    damaged = faults.damage(PING)
    assert sum(a != b for a, b in zip(damaged, PING, strict=True)) == 1


def test_a_damaged_reply_is_found_out(line: SerialLine) -> None:
    with open_port(line) as port:
        line.faults.corrupt = 1.0
        assert not ping(port)
        line.faults.corrupt = 0.0
        port.reset_input_buffer()
        assert ping(port)


def test_the_link_is_not_taken_from_another(line: SerialLine, tmp_path: Path) -> None:
    with pytest.raises(BusError, match="another rig is emulated there"):
        SerialLine(Wire([]), line.device)
    other = tmp_path / "song.mid"
    other.write_bytes(b"precious")
    with pytest.raises(BusError, match="choose another --port"):
        SerialLine(Wire([]), other)
    assert other.read_bytes() == b"precious"
    with open_port(line) as port:
        assert ping(port)


def test_closing_takes_the_link_away_and_may_be_repeated(tmp_path: Path) -> None:
    line = SerialLine(Wire([]), tmp_path / "folder" / "motors")
    assert line.device.is_symlink()
    line.close()
    line.close()
    assert not line.device.is_symlink()

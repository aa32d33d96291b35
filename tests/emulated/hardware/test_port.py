"""Opening the serial port: what can be wrong, and what is said then."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.bus.port import SerialPort
from hardware.errors import BusError
from tests.emulated.hardware.bus_line import Line, open_line

HOLD = "import sys, serial; port = serial.Serial(sys.argv[1]); print('held', flush=True); input()"


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with open_line(tmp_path / "motors") as line:
        yield line


def test_a_pty_has_no_low_latency_mode_and_no_latency_timer(line: Line) -> None:
    with SerialPort(line.device) as port:
        assert port.low_latency is None
        assert port.latency_timer_ms is None
        assert port.baud == 4_000_000


def test_closing_twice_does_no_harm_and_frees_the_port(line: Line) -> None:
    port = SerialPort(line.device)
    port.close()
    port.close()
    SerialPort(line.device).close()


def test_who_holds_the_port_is_named_even_without_a_lock(line: Line) -> None:
    command = [sys.executable, "-c", HOLD, str(line.device)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BusError, match=rf"is in use by python.* \(process {other.pid}\)"):
            SerialPort(line.device)
        other.communicate("\n")
    SerialPort(line.device).close()


def test_the_port_is_held_exclusively(line: Line) -> None:
    with SerialPort(line.device), pytest.raises(BusError, match="is in use by another"):
        SerialPort(line.device)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "no such device"),
        ("file", "is no serial port"),
        ("folder", "is no serial port"),
        ("/dev/null", "is no serial port"),
    ],
)
def test_a_wrong_path_is_explained_with_the_next_step(
    tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "file").write_text("no port")
    (tmp_path / "folder").mkdir()
    with pytest.raises(BusError, match=rf"{message}.*dacapo hand find-port"):
        SerialPort(tmp_path / name)


def test_a_rate_that_cannot_be_is_refused(line: Line) -> None:
    with SerialPort(line.device) as port, pytest.raises(BusError, match="cannot run at -1"):
        port.baud = -1

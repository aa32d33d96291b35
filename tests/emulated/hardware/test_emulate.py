"""`dacapo emulate`: what it prints, what it refuses, how it ends."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hardware.bus.exchange import MotorBus
from hardware.bus.port import SerialPort
from sim import load_rig
from tests.emulated.hardware.emulated import emulate


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_says_where_the_devices_are_and_ends_when_told(
    tmp_path: Path, midi_system: None, number: signal.Signals
) -> None:
    device = tmp_path / "motors"
    with emulate("--device", str(device), "--world", "workshop-a") as (process, announced):
        assert announced["world"] == "workshop-a"
        assert announced["serial_device"] == str(device)
        driver = load_rig("leap_rail_49").driver
        assert driver is not None
        assert driver.kind == "dynamixel"
        assert announced["motors"] == driver.motors
        with SerialPort(announced["serial_device"], announced["baud_rate"]) as port:
            assert MotorBus(port, announced["motors"].values()).exchange().missing == ()
        process.send_signal(number)
        _, complaint = process.communicate(timeout=10)
        assert process.returncode == 0
        assert "0.000 s lost" in complaint
        assert not device.is_symlink()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--world", "workshop-b"), "did you mean 'workshop-a'?"),
        (("--rig", "allegro_slide_49"), "only a dynamixel driver has motors to emulate"),
        (("--device", "/proc/motors"), "cannot be made"),
    ],
)
def test_refuses_with_one_line(
    midi_system: None, arguments: tuple[str, ...], complaint: str
) -> None:
    command = [sys.executable, "-m", "dacapo", "emulate", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert complaint in ended.stderr
    assert ended.stderr.count("\n") == 1

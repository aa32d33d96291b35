"""`dacapo emulate`: what it prints, what it refuses, how it ends."""

import signal
import time
from pathlib import Path

import pytest

from dacapo.__main__ import main
from hardware.bus.exchange import MotorBus
from hardware.bus.port import SerialPort
from sim import load_rig
from tests.emulated.hardware.emulated import emulate


def test_says_where_the_devices_are_and_ends_when_told(tmp_path: Path, midi_system: None) -> None:
    device = tmp_path / "motors"
    with emulate("--port", str(device), "--world", "workshop-a") as (process, announced):
        assert announced["world"] == "workshop-a"
        assert announced["serial_device"] == str(device)
        driver = load_rig("leap_rail_49").driver
        assert driver is not None
        assert driver.kind == "dynamixel"
        assert announced["motors"] == driver.motors
        with SerialPort(announced["serial_device"], announced["baud_rate"]) as port:
            assert MotorBus(port, announced["motors"].values()).exchange().missing == ()
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "0.000 s lost" in complaint
        assert not device.is_symlink()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--world", "workshop-b"), "did you mean 'workshop-a'?"),
        (("--port", "/proc/motors"), "cannot be made"),
    ],
)
def test_refuses_with_one_line(
    midi_system: None,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    complaint: str,
) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert main(["emulate", *arguments]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert complaint in said.err
    assert said.err.count("\n") == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_controllers_are_announced_as_topics(midi_system: None) -> None:
    pytest.importorskip("rclpy", reason="ROS 2 is not installed (make setup)")
    with emulate("--rig", "allegro_slide_49") as (process, announced):
        assert announced["command_topics"] == [
            "/allegro_controller/joint_trajectory",
            "/slide_controller/joint_trajectory",
        ]
        time.sleep(2.5)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "physics steps" in complaint


def test_controllers_have_no_serial_device(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["emulate", "--rig", "allegro_slide_49", "--port", "motors"])
    assert caught.value.code == 2
    assert "has no serial device" in capsys.readouterr().err

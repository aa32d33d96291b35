"""Single registers through ROBOTIS' SDK, against the emulated motors."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.bus.port import SerialPort
from hardware.bus.sdk import Identity, Motors
from hardware.emulator.firmware import FIRMWARE_VERSION
from hardware.emulator.health import OVERLOAD_BIT
from hardware.errors import BusError, MotorFault, PortLost
from tests.emulated.hardware.bus_line import IDS, Line, open_line


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with open_line(tmp_path / "motors") as line:
        yield line


@pytest.fixture
def motors(line: Line) -> Iterator[Motors]:
    with SerialPort(line.device) as port:
        yield Motors(port)


def test_ping(motors: Motors) -> None:
    assert motors.ping(3) == 1240
    assert motors.ping(77) is None


def test_broadcast_ping_finds_all(motors: Motors) -> None:
    assert motors.broadcast_ping() == dict.fromkeys(IDS, Identity(1240, FIRMWARE_VERSION))


def test_signed_values_come_back_signed(line: Line, motors: Motors) -> None:
    assert motors.read(4, "Present_Current") == -4
    assert motors.read(4, "Present_Velocity") == -21
    # Its bytes FF FF FD FF need stuffing, which the SDK alone forgets.
    motors.write(4, "Homing_Offset", -131073)
    assert line.motors[4].table["Homing_Offset"] == -131073


def test_a_changed_id_is_not_read_back_under_the_old_one(line: Line, motors: Motors) -> None:
    motors.write(16, "ID", 20)
    assert motors.read(20, "Model_Number") == line.motors[16].model.number


def test_a_lost_answer_is_asked_for_again(line: Line, motors: Motors) -> None:
    costs_s = []
    for _ in range(5):
        line.serial.faults.drop_next(1)
        started_s = time.monotonic()
        assert motors.read(0, "ID") == 0
        costs_s.append(time.monotonic() - started_s)
    assert min(costs_s) < 0.034  # what the SDK alone waits for one


def test_nobody_there_is_told_with_the_next_step(motors: Motors) -> None:
    with pytest.raises(BusError, match=r"motor 99 .* does not answer at 4000000 bit/s.*doctor"):
        motors.read(99, "ID")


def test_refusals_are_told_with_their_cure(motors: Motors) -> None:
    motors.write(2, "Torque_Enable", 1)
    with pytest.raises(MotorFault, match=r"motor 2 refuses writing Operating_Mode = 5: access.*"):
        motors.write(2, "Operating_Mode", 5)
    with pytest.raises(MotorFault, match="data range"):
        motors.write(2, "LED", 2)


def test_a_value_that_does_not_fit_never_leaves(line: Line, motors: Motors) -> None:
    before = line.serial.packets
    with pytest.raises(BusError, match="LED: 256 does not fit into 8 bits"):
        motors.write(2, "LED", 256)
    assert line.serial.packets == before


def test_a_motor_in_overload_is_read_named_and_rebooted(line: Line, motors: Motors) -> None:
    line.motors[9].health.fail(OVERLOAD_BIT)
    assert motors.read(9, "Present_Position") == 1900
    assert motors.hardware_errors(9) == ("overload",)
    with pytest.raises(MotorFault, match=r"refuses .*\(overload: .*'dacapo hand reboot 9'\)"):
        motors.write(9, "Torque_Enable", 1)
    motors.reboot(9)
    assert motors.hardware_errors(9) == ()
    motors.write(9, "Torque_Enable", 1)


def test_unplugging_ends_a_call_and_leaves_the_sdk_usable(line: Line, motors: Motors) -> None:
    line.serial.unplug()
    for _ in range(2):
        with pytest.raises(PortLost):
            motors.ping(0)

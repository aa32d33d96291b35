"""Setting motors up on an emulated line: one motor fresh from the factory, then a whole hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from hardware.emulator.firmware import Motor
from hardware.emulator.rig import EmulatedRig
from hardware.emulator.serial_line import SerialLine
from hardware.emulator.wire import Wire
from hardware.errors import BusError, DeviceError
from hardware.hand import setup
from hardware.hand.device import nominal_device, read_device, write_device
from hardware.hand.service import find_motors, release_hand
from hardware.hand.setup import measure_device, set_up_hand, set_up_motor
from hardware.world import load_world
from sim import load_rig

RIG = load_rig("leap_rail_49")
FACTORY, OURS = 57_600, 4_000_000


@pytest.fixture(autouse=True)
def _few_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "BAUD_RATES", (FACTORY, OURS))  # a second each


def test_a_new_motor_becomes_that_of_a_joint(tmp_path: Path) -> None:
    motor = Motor("xc330_m288", 1, FACTORY)
    with SerialLine(Wire([motor]), tmp_path / "motors") as line:
        steps = list(set_up_motor(RIG, str(line.device), "mf_pip"))
        (found,) = find_motors(str(line.device), (OURS,))
    assert (motor.motor_id, motor.baud_rate, motor.return_delay_s) == (6, OURS, 0.0)
    assert list(found.motors) == [6]
    assert "found motor 1 at 57600 bit/s" in steps[0]
    assert "motor 6" in steps[-1]


@pytest.mark.parametrize(
    ("motors", "message"),
    [
        ([], "no motor answers"),
        ([("xc330_m288", 1), ("xc330_m288", 2)], r"2 motors answer .*connect only one"),
        ([("xl330_m288", 1)], "is xl330_m288, not xc330_m288"),
    ],
)
def test_anything_but_one_right_motor_is_left_alone(
    motors: list[tuple[str, int]], message: str, tmp_path: Path
) -> None:
    connected = [Motor(model, motor_id, FACTORY) for model, motor_id in motors]
    line = SerialLine(Wire(connected), tmp_path / "motors")
    with line, pytest.raises(BusError, match=message):
        list(set_up_motor(RIG, str(line.device), "mf_pip"))
    assert [motor.motor_id for motor in connected] == [motor_id for _, motor_id in motors]
    assert all(motor.return_delay_s > 0 for motor in connected)


def test_a_flat_hand_is_measured(tmp_path: Path) -> None:
    with EmulatedRig(RIG, load_world("nominal"), tmp_path / "motors") as emulated:
        name = str(emulated.device)
        emulated.mechanics._parked["th_axl"].angle_rad = math.pi + 0.2
        emulated.motors["rf_dip"].table["Return_Delay_Time"] = 250
        assert len(list(set_up_hand(RIG, name))) == 17
        assert emulated.motors["rf_dip"].return_delay_s == 0.0
        device = measure_device(RIG, name, "bench")
        assert release_hand(RIG, name) == []
    file = tmp_path / "bench.yaml"
    write_device(device, file)
    read = read_device(file, RIG)
    assert read.joints["th_axl"].zero_rad == pytest.approx(math.pi + 0.2, abs=2e-3)
    nominal = nominal_device(RIG)
    assert read.joints["if_mcp"].zero_rad == pytest.approx(math.pi, abs=2e-3)
    assert read.joints["if_mcp"].limits_rad == nominal.joints["if_mcp"].limits_rad


def test_a_horn_mounted_wrong_is_named(tmp_path: Path) -> None:
    with EmulatedRig(RIG, load_world("nominal"), tmp_path / "motors") as emulated:
        emulated.mechanics._parked["th_ipl"].angle_rad = math.pi + 1.5
        emulated.mechanics.tell()
        with pytest.raises(DeviceError, match=r"th_ipl \(motor 15\) stands at 4.64 rad"):
            measure_device(RIG, str(emulated.device), "bench")

"""Activation on emulated motors: what is written in which order, and what a refusal leaves."""

from __future__ import annotations

import math

import pytest

from hardware.bus.registers import REGISTERS, OperatingMode, pack, unpack
from hardware.emulator.firmware import Motor
from hardware.errors import MotorFault
from hardware.hand.activation import activate, motor_settings, release
from sim import load_rig

RIG = load_rig("leap_rail_49")
SETTINGS = motor_settings(RIG)


class Bench:
    """Emulated motors without a line, and a list of what was written to them."""

    def __init__(self) -> None:
        self.motors = {
            i: Motor("xc330_m288", i, 4_000_000, shaft_rad=math.pi + 0.1 * i) for i in SETTINGS
        }
        self.written: list[tuple[int, str]] = []

    def read(self, motor_id: int, name: str) -> int:
        register = REGISTERS[name]
        data = self.motors[motor_id].read(register.address, register.size)
        assert data is not None
        return unpack(register, data)

    def write(self, motor_id: int, name: str, value: int) -> None:
        self.written.append((motor_id, name))
        register = REGISTERS[name]
        if error := self.motors[motor_id].write(register.address, pack(register, value)):
            raise MotorFault(f"motor {motor_id} refuses {name}: {error.name}")


def test_limits_gains_goal_watchdog_torque_in_this_order() -> None:
    bench = Bench()
    activate(bench, SETTINGS)
    order = [name for motor_id, name in bench.written if motor_id == 5]
    for earlier, later in (
        ("Operating_Mode", "Goal_Current"),
        ("Goal_Current", "Position_P_Gain"),
        ("Position_P_Gain", "Goal_Position"),
        ("Goal_Position", "Torque_Enable"),
        ("Torque_Enable", None),
    ):
        assert order.index(earlier) < (order.index(later) if later else len(order))
    assert order[-1] == "Torque_Enable"
    assert order[-2] == "Bus_Watchdog"
    first_torque = bench.written.index((0, "Torque_Enable"))
    assert all(name == "Torque_Enable" for _, name in bench.written[first_torque:])


def test_no_motor_moves_when_it_is_switched_on() -> None:
    bench = Bench()
    activate(bench, SETTINGS)
    for motor_id, motor in bench.motors.items():
        assert motor.torque_on
        assert motor.goal_rad == pytest.approx(math.pi + 0.1 * motor_id, abs=0.001)


def test_each_motor_works_in_the_mode_that_can_limit_its_current() -> None:
    bench = Bench()
    activate(bench, SETTINGS)
    assert bench.read(3, "Operating_Mode") == OperatingMode.CURRENT_BASED_POSITION
    assert bench.read(16, "Operating_Mode") == OperatingMode.EXTENDED_POSITION
    assert bench.motors[3].current_limit_a == pytest.approx(0.93 / 0.517, abs=2e-3)
    assert bench.motors[16].current_limit_a == pytest.approx(23 * 0.04 / 0.517, abs=3e-3)


@pytest.mark.parametrize("motor_id", [3, 16])
def test_caps_never_exceed_what_was_asked(motor_id: int) -> None:
    bench = Bench()
    activate(bench, SETTINGS)
    motor = SETTINGS[motor_id]
    for current_a in (0.0, 0.1, 0.35, 1.0, 5.0, math.inf):
        bench.write(motor_id, motor.cap_register, motor.cap(current_a))
        allowed = min(current_a, motor.current_limit_a)
        # A goal of n units lets n and a part of the next through; one of PWM is 2 mA.
        assert allowed - 0.003 <= bench.motors[motor_id].current_limit_a <= allowed + 0.0021


def test_a_refusal_leaves_every_motor_limp() -> None:
    bench = Bench()
    bench.motors[11].overload()
    with pytest.raises(MotorFault, match="could not be activated: motor 11 refuses Torque_Enable"):
        activate(bench, SETTINGS)
    assert not any(motor.torque_on for motor in bench.motors.values())
    assert all(bench.read(i, "Bus_Watchdog") == 0 for i in SETTINGS)


def test_release_goes_on_after_a_motor_that_refuses() -> None:
    class Deaf(Bench):
        def write(self, motor_id: int, name: str, value: int) -> None:
            if motor_id == 0:
                raise MotorFault("no answer")
            super().write(motor_id, name, value)

    bench = Deaf()
    for motor in bench.motors.values():
        motor.write(64, b"\x01")
    assert release(bench, SETTINGS) == ["if_rot (motor 0: no answer)"]
    assert [i for i, motor in bench.motors.items() if motor.torque_on] == [0]

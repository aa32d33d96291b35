"""The emulated firmware, without line, shaft or clock."""

import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.bus.packets import ALERT, ErrorNumber
from hardware.bus.registers import MODELS, RAD_PER_TICK, REGISTERS, pack, unpack
from hardware.emulator.firmware import REBOOT_NS, Motor
from hardware.emulator.health import HEAT_BIT, OVERLOAD_BIT, VOLTAGE_BIT
from hardware.emulator.table import SIZE

MS = 1_000_000


def motor_at(angle_rad: float = math.pi, model: str = "xc330_m288") -> Motor:
    return Motor(model, 3, 4_000_000, angle_rad, return_delay=0)


def write(motor: Motor, name: str, value: int) -> ErrorNumber:
    return motor.write(REGISTERS[name].address, pack(REGISTERS[name], value))


def read(motor: Motor, name: str) -> int:
    data = motor.read(REGISTERS[name].address, REGISTERS[name].size)
    assert data is not None
    return unpack(REGISTERS[name], data)


@pytest.mark.parametrize("model", MODELS)
def test_powers_on_with_factory_values_and_the_goal_where_it_is(model: str) -> None:
    motor = motor_at(model=model)
    assert read(motor, "Model_Number") == MODELS[model].number
    assert read(motor, "Shutdown") == {"xc330_m288": 52, "xl330_m288": 53}[model]
    assert read(motor, "Goal_Position") == read(motor, "Present_Position") == 2048
    assert read(motor, "Torque_Enable") == 0
    assert not motor.torque_on


def test_forgets_its_turns_at_a_reboot() -> None:
    motor = motor_at(math.pi)
    write(motor, "Operating_Mode", 4)
    motor.sense(math.pi + 5 * 2 * math.pi, 0.0, 0.0)
    assert read(motor, "Present_Position") == 2048 + 5 * 4096
    motor.reboot(now_ns=0)
    assert read(motor, "Present_Position") == 2048
    assert read(motor, "Operating_Mode") == 4  # EEPROM stays
    assert not motor.awake(REBOOT_NS - 1)
    assert motor.awake(REBOOT_NS)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("Model_Number", 1, ErrorNumber.ACCESS),
        ("Present_Position", 1, ErrorNumber.ACCESS),
        ("LED", 2, ErrorNumber.DATA_RANGE),
        ("Operating_Mode", 16, ErrorNumber.DATA_RANGE),
        ("Goal_Position", 4096, ErrorNumber.DATA_LIMIT),
        ("Goal_Position", -1, ErrorNumber.DATA_LIMIT),
        ("Goal_Current", 2353, ErrorNumber.DATA_LIMIT),
        ("Goal_PWM", -886, ErrorNumber.DATA_LIMIT),
        ("LED", 1, ErrorNumber.NONE),
        ("Goal_Position", 4095, ErrorNumber.NONE),
    ],
)
def test_refuses_what_the_manual_refuses(name: str, value: int, error: ErrorNumber) -> None:
    motor = motor_at()
    before = read(motor, name)
    assert write(motor, name, value) == error
    assert read(motor, name) == (before if error else value)


def test_a_part_of_a_register_is_a_length_error_and_a_gap_an_access_error() -> None:
    motor = motor_at()
    assert motor.write(116, b"\0\0") == ErrorNumber.DATA_LENGTH
    assert motor.write(117, b"\0") == ErrorNumber.ACCESS
    assert motor.write(66, b"\0") == ErrorNumber.ACCESS
    assert motor.read(SIZE - 1, 2) is None


def test_writes_neighbouring_registers_all_or_none() -> None:
    motor = motor_at()
    goals = struct.pack("<ii", 100, 200)  # Profile_Acceleration, Profile_Velocity
    assert motor.write(108, goals) == ErrorNumber.NONE
    assert (read(motor, "Profile_Acceleration"), read(motor, "Profile_Velocity")) == (100, 200)
    assert motor.write(108, struct.pack("<ii", 1, 40000)) == ErrorNumber.DATA_RANGE
    assert read(motor, "Profile_Acceleration") == 100


def test_torque_locks_the_eeprom() -> None:
    motor = motor_at()
    assert write(motor, "Torque_Enable", 1) == ErrorNumber.NONE
    assert write(motor, "Operating_Mode", 5) == ErrorNumber.ACCESS
    assert write(motor, "ID", 9) == ErrorNumber.ACCESS
    write(motor, "Torque_Enable", 0)
    assert write(motor, "ID", 9) == ErrorNumber.NONE
    assert motor.motor_id == 9


def test_a_new_mode_resets_gains_and_limits() -> None:
    motor = motor_at()
    for name, value in (("Position_P_Gain", 600), ("Goal_Current", 300), ("Profile_Velocity", 9)):
        write(motor, name, value)
    write(motor, "Operating_Mode", 5)
    assert motor.gains == (1100, 500)
    assert read(motor, "Goal_Current") == 2352
    assert read(motor, "Profile_Velocity") == 0


def test_the_current_is_capped_by_goal_current_only_in_its_mode() -> None:
    motor = motor_at()
    write(motor, "Goal_Current", 300)
    assert motor.current_limit_a == pytest.approx(1.8)
    write(motor, "Operating_Mode", 5)
    write(motor, "Goal_Current", 300)
    assert motor.current_limit_a == pytest.approx(0.3, abs=0.0011)
    write(motor, "Operating_Mode", 4)
    write(motor, "Goal_PWM", 442)
    assert motor.current_limit_a == pytest.approx(0.9, abs=0.003)


def test_the_watchdog_stops_it_and_locks_its_goals() -> None:
    motor = motor_at()
    write(motor, "Torque_Enable", 1)
    write(motor, "Bus_Watchdog", 5)  # 100 ms
    write(motor, "Goal_Position", 3000)
    motor.heard_ns = 1000 * MS
    motor.advance(1100 * MS)
    assert read(motor, "Bus_Watchdog") == 5
    motor.sense(math.pi + 0.1, 3.0, 0.0)
    motor.advance(1101 * MS)
    assert read(motor, "Bus_Watchdog") == -1
    assert motor.torque_on
    assert motor.goal_rad == pytest.approx(math.pi + 0.1, abs=RAD_PER_TICK)
    assert write(motor, "Goal_Position", 3000) == ErrorNumber.DATA_RANGE
    assert write(motor, "Goal_Current", 100) == ErrorNumber.DATA_RANGE
    assert write(motor, "Bus_Watchdog", 5) == ErrorNumber.DATA_RANGE
    assert write(motor, "Bus_Watchdog", 0) == ErrorNumber.NONE
    assert write(motor, "Goal_Position", 3000) == ErrorNumber.NONE


def test_the_watchdog_sleeps_while_torque_is_off() -> None:
    motor = motor_at()
    write(motor, "Bus_Watchdog", 5)
    motor.advance(10_000 * MS)
    assert read(motor, "Bus_Watchdog") == 5


def test_an_overload_shuts_it_down_until_a_reboot() -> None:
    motor = motor_at()
    write(motor, "Torque_Enable", 1)
    motor.overload()
    assert motor.alert == ALERT
    assert read(motor, "Hardware_Error_Status") == 1 << OVERLOAD_BIT
    assert not motor.torque_on
    assert read(motor, "Torque_Enable") == 0
    assert write(motor, "Torque_Enable", 1) == ErrorNumber.RESULT_FAIL
    motor.reboot(now_ns=0)
    assert motor.alert == 0
    assert write(motor, "Torque_Enable", 1) == ErrorNumber.NONE


def test_shutdown_says_which_errors_take_the_torque() -> None:
    motor = motor_at()
    write(motor, "Shutdown", 0)
    write(motor, "Torque_Enable", 1)
    motor.overload()
    assert motor.alert == ALERT
    assert motor.torque_on


def test_a_sagging_supply_weakens_it_and_sets_the_alert() -> None:
    motor = motor_at()
    write(motor, "Torque_Enable", 1)
    motor.supply(3.3)
    assert read(motor, "Hardware_Error_Status") == 1 << VOLTAGE_BIT
    assert read(motor, "Present_Input_Voltage") == 33
    assert motor.torque_on  # an XC330 does not shut down for that
    assert motor.current_limit_a == pytest.approx(1.8 * 3.3 / 5.0)


def test_heat_rises_to_the_limit_and_goes_again_without_torque() -> None:
    motor = motor_at()
    write(motor, "Torque_Enable", 1)
    motor.health.heat(85.0)
    warm = []
    for second in range(1, 8):
        motor.advance(second * 1000 * MS)
        warm.append((read(motor, "Present_Temperature"), motor.torque_on))
    assert warm[1] == (40, True)
    assert warm[-1] == (66, False)  # two seconds of cooling
    assert max(warm)[0] == 70
    assert read(motor, "Hardware_Error_Status") == 1 << HEAT_BIT


def test_follows_its_velocity_profile() -> None:
    motor = motor_at()
    motor.advance(1000 * MS)
    write(motor, "Profile_Velocity", 100)  # 22.9 rev/min: 1563 ticks/s
    write(motor, "Torque_Enable", 1)
    write(motor, "Goal_Position", 3048)
    assert motor.goal_rad == pytest.approx(math.pi, abs=RAD_PER_TICK)
    motor.advance(1100 * MS)
    assert motor.goal_rad / RAD_PER_TICK == pytest.approx(2048 + 156.3, abs=0.1)
    motor.advance(3000 * MS)
    assert motor.goal_rad / RAD_PER_TICK == pytest.approx(3048)


@settings(deadline=None)
@given(st.integers(-1_044_479, 1_044_479), st.floats(-50.0, 50.0), st.integers(0, 4095))
def test_the_homing_offset_acts_on_goal_and_reading_alike(
    offset: int, angle_rad: float, step: int
) -> None:
    motor = motor_at(angle_rad)
    write(motor, "Operating_Mode", 4)
    plain = read(motor, "Present_Position")
    assert write(motor, "Homing_Offset", offset) == ErrorNumber.NONE
    present = read(motor, "Present_Position")
    assert present == plain + offset
    if abs(present + step) <= 1_048_575:
        assert write(motor, "Goal_Position", present + step) == ErrorNumber.NONE
        ticks = round(angle_rad / RAD_PER_TICK)
        assert motor.goal_rad / RAD_PER_TICK == pytest.approx(ticks + step, abs=1e-6)


def test_keeps_a_registered_write_until_the_action() -> None:
    motor = motor_at()
    assert motor.keep(65, b"\1") == ErrorNumber.NONE
    assert (read(motor, "LED"), read(motor, "Registered_Instruction")) == (0, 1)
    motor.act()
    assert (read(motor, "LED"), read(motor, "Registered_Instruction")) == (1, 0)

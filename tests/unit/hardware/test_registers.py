"""The register table: round trips, signs, units."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.bus.registers import (
    BAUD_OF_CODE,
    CODE_OF_BAUD,
    MODEL_OF_NUMBER,
    MODELS,
    RAD_PER_TICK,
    RAD_S_PER_UNIT,
    REGISTERS,
    Register,
    control_table,
    hardware_error_names,
    pack,
    unpack,
)
from hardware.errors import BusError

registers = st.sampled_from(list(REGISTERS.values()))


def span(register: Register) -> tuple[int, int]:
    """Lowest and highest number that the bytes of a register can hold."""
    bits = 8 * register.size - register.signed
    return (-(2**bits) if register.signed else 0), 2**bits - 1


@given(registers, st.data())
def test_round_trip(register: Register, data: st.DataObject) -> None:
    value = data.draw(st.integers(*span(register)))
    assert unpack(register, pack(register, value)) == value


@given(registers, st.integers(1, 2**40))
def test_what_does_not_fit_is_refused(register: Register, beyond: int) -> None:
    low, high = span(register)
    for value in (low - beyond, high + beyond):
        with pytest.raises(BusError, match=register.name):
            pack(register, value)


@given(registers, st.binary(max_size=8))
def test_bytes_of_another_size_are_refused(register: Register, data: bytes) -> None:
    if len(data) != register.size:
        with pytest.raises(BusError, match=register.name):
            unpack(register, data)


@pytest.mark.parametrize(
    ("name", "data", "value"),
    [
        # Read without their sign these are the 4.29e9 mA and 1e8 rad/s that users report.
        ("Present_Current", "ff ff", -1),
        ("Present_Velocity", "fd ff ff ff", -3),
        ("Present_Position", "00 f8 ff ff", -2048),
        ("Goal_Position", "ff ff 0f 00", 1048575),
        ("Bus_Watchdog", "ff", -1),
        ("Homing_Offset", "01 10 f0 ff", -1044479),
        ("Model_Number", "d8 04", 1240),
    ],
)
def test_bytes_as_motors_send_them(name: str, data: str, value: int) -> None:
    assert unpack(REGISTERS[name], bytes.fromhex(data)) == value


@pytest.mark.parametrize("model", MODELS)
def test_registers_do_not_overlap_and_their_limits_and_defaults_fit(model: str) -> None:
    table = list(control_table(model).values())
    for one, next_one in itertools.pairwise(table):
        assert one.address + one.size <= next_one.address
    for register in table:
        for value in (register.low, register.high, register.default):
            assert value is None or span(register)[0] <= value <= span(register)[1]


@pytest.mark.parametrize("model", MODELS)
def test_only_limits_and_defaults_differ_between_models(model: str) -> None:
    for name, register in control_table(model).items():
        assert (register.address, register.size) == (REGISTERS[name].address, REGISTERS[name].size)
    assert control_table(model)["Model_Number"].default == MODELS[model].number
    assert MODEL_OF_NUMBER[MODELS[model].number].name == model


def test_state_registers_lie_side_by_side() -> None:
    names = ("Present_Current", "Present_Velocity", "Present_Position")
    assert [(REGISTERS[name].address, REGISTERS[name].size) for name in names] == [
        (126, 2),
        (128, 4),
        (132, 4),
    ]


def test_units() -> None:
    assert math.isclose(4096 * RAD_PER_TICK, 2.0 * math.pi)
    no_load_units = 81 / 0.229  # 81 rev/min
    speed_rad_s = MODELS["xc330_m288"].no_load_speed_rad_s
    assert math.isclose(no_load_units * RAD_S_PER_UNIT, speed_rad_s, rel_tol=1e-3)


def test_baud_codes_are_one_to_one() -> None:
    assert {CODE_OF_BAUD[baud] for baud in BAUD_OF_CODE.values()} == set(range(7))
    assert CODE_OF_BAUD[4_000_000] == 6


def test_hardware_errors_have_names() -> None:
    assert hardware_error_names(0) == ()
    assert hardware_error_names(0b0010_0101) == ("input voltage", "overheating", "overload")
    assert hardware_error_names(0b10) == ("bit 1",)

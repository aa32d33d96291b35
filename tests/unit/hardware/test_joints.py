"""Joints on motors: what the LEAP hand's own software does, signs, the rail, rounding."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.bus.registers import RAD_PER_TICK
from hardware.hand.device import nominal_device
from hardware.hand.joints import current_limits_a, joint_limits, make_joint_map
from sim import load_rig

RIG = load_rig("leap_rail_49")
DEVICE = nominal_device(RIG)
MAP = make_joint_map(RIG, DEVICE).homed(math.pi, 0.0)
LOW, HIGH = joint_limits(RIG, DEVICE)

targets_within = st.lists(st.floats(0.0, 1.0), min_size=13, max_size=13).map(
    lambda shares: LOW + np.array(shares) * (HIGH - LOW)
)


def with_joint(joint: str, **changes: object) -> object:
    joints = dict(DEVICE.joints)
    joints[joint] = joints[joint].model_copy(update=changes)
    return DEVICE.model_copy(update={"joints": joints})


def test_actions_come_first_and_the_thumb_is_parked_last() -> None:
    assert MAP.names[:13] == RIG.joint_names
    assert MAP.names[13:] == ("th_cmc", "th_axl", "th_mcp", "th_ipl")
    assert sorted(MAP.motor_ids) == list(range(17))
    assert MAP.n_joints == 13


def test_the_flat_open_hand_is_half_a_turn() -> None:
    assert set(MAP.goals(np.zeros(13)).values()) == {2048}


def test_a_known_pose() -> None:
    targets = np.zeros(13)
    targets[RIG.joint_names.index("if_mcp")] = math.pi / 2
    targets[0] = 0.04 * math.pi / 2  # a quarter turn of the pulley
    goals = MAP.goals(targets)
    assert goals[1] == goals[16] == 3072
    assert all(tick == 2048 for motor, tick in goals.items() if motor not in (1, 16))


@given(targets=targets_within)
def test_what_is_commanded_is_read_to_half_a_tick(targets: np.ndarray) -> None:
    goals = MAP.goals(targets)
    ticks = np.array([goals[motor] for motor in MAP.motor_ids], float)
    read = MAP.positions(ticks)
    half = 0.5000001 * RAD_PER_TICK * np.abs(MAP.scale)
    assert (np.abs(read[:13] - targets) <= half[:13]).all()
    assert np.abs(read[13:]).max() <= half[-1]
    assert all(0 <= goals[motor] < 4096 for motor in range(16))


@given(targets=targets_within, zero=st.floats(2.0, 2.6))
def test_a_reversed_joint_goes_the_other_way(targets: np.ndarray, zero: float) -> None:
    device = with_joint("mf_rot", sign=-1, zero_rad=zero)
    reversed_map = make_joint_map(RIG, device).homed(math.pi, 0.0)  # type: ignore[arg-type]
    at = MAP.names.index("mf_rot")
    motor_rad = reversed_map.goals(targets)[4] * RAD_PER_TICK
    assert motor_rad == pytest.approx(zero - targets[at], abs=RAD_PER_TICK)
    ones = np.ones(17)
    for convert in ("velocities", "currents_a"):
        straight, other = getattr(MAP, convert)(ones), getattr(reversed_map, convert)(ones)
        assert other[at] == -straight[at]
        assert np.array_equal(np.delete(other, at), np.delete(straight, at))


def test_homing_places_the_rail_and_nothing_else() -> None:
    homed = MAP.homed(5.0, -0.335)
    ticks = np.full(17, 5.0 / RAD_PER_TICK)
    assert homed.positions(ticks)[0] == pytest.approx(-0.335)
    assert np.array_equal(homed.positions(ticks)[1:], MAP.positions(ticks)[1:])
    turn = ticks + 4096
    assert homed.positions(turn)[0] == pytest.approx(-0.335 + 2 * math.pi * 0.04)


def test_units_are_those_of_the_manual() -> None:
    assert MAP.velocities(np.ones(17))[1] == pytest.approx(0.229 * 2 * math.pi / 60)
    assert MAP.velocities(np.ones(17))[0] == pytest.approx(0.04 * 0.229 * 2 * math.pi / 60)
    assert MAP.currents_a(np.full(17, -250.0))[3] == -0.25


def test_currents_follow_from_the_forces_of_the_simulated_rig() -> None:
    limits = current_limits_a(RIG)
    assert limits["if_mcp"] == pytest.approx(0.93 / 0.517)
    assert limits["rail"] == pytest.approx(23.0 * 0.04 / 0.517)
    assert len(limits) == 17

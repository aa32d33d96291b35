"""How much current motors may draw."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.hand.joints import current_limits_a
from hardware.safety import Derating, MotorRating, motor_ratings
from hardware.safety.derating import LASTING_A
from sim import PHYSICS_STEP_S, DynamixelDriver, Simulator, load_rig
from tests.unit.playing import FOUR_SONGS, nominal_model, song_plan

STEP_NS = 10_000_000
Floats = NDArray[np.float64]


def one(peak_a: float = 1.8) -> Derating:
    return Derating([MotorRating("if_mcp", peak_a, 0.55)])


def draw(derating: Derating, current_a: float, seconds: float, start_s: float = 0.0) -> None:
    for step in range(round(seconds / 0.01) + 1):
        derating.currents(round(start_s * 1e9) + step * STEP_NS, [current_a])


def test_a_cold_motor_may_draw_its_peak() -> None:
    assert one().limits_a() == [1.8]
    assert one().reason() == ""


def test_a_blocked_motor_is_throttled_after_a_second() -> None:
    derating = one()
    draw(derating, 1.8, 0.7)
    assert derating.limits_a() == [1.8]
    draw(derating, 1.8, 0.4, start_s=0.7)
    assert derating.limits_a() == [0.55]
    assert derating.reason() == "if_mcp drew much current for long"


def test_what_a_motor_stands_for_ever_never_throttles_below_it() -> None:
    derating = one()
    draw(derating, 0.55, 120)
    np.testing.assert_allclose(derating.limits_a(), 0.55)
    derating = one()
    draw(derating, 0.49, 120)  # 0.8 of the lasting heat
    assert derating.limits_a() == [1.8]


def test_heat_is_the_lag_of_the_squared_current_however_often_it_is_read() -> None:
    often, seldom = one(), one()
    draw(often, 1.0, 5.0)
    seldom.currents(0, [1.0])
    seldom.currents(5_000_000_000, [1.0])
    expected = (1.0 / 0.55) ** 2 * (1 - np.exp(-0.5))
    np.testing.assert_allclose([often.heat[0], seldom.heat[0]], expected)


def test_it_cools_down_again() -> None:
    derating = one()
    draw(derating, 1.8, 2.0)
    assert derating.limits_a() == [0.55]
    draw(derating, 0.0, 20.0, start_s=2.0)
    assert derating.limits_a() == [1.8]


def test_a_motor_weaker_than_what_others_stand_keeps_its_own_peak() -> None:
    derating = one(peak_a=0.3)
    draw(derating, 0.3, 60.0)
    assert derating.limits_a() == [0.3]


@pytest.mark.parametrize(
    ("temperature_c", "supply_v", "limit_a", "reason"),
    [
        (55.0, 5.0, 1.8, ""),
        (60.0, 5.0, 0.55 + 0.5 * 1.25, "if_mcp is warm"),
        (30.0, 4.5, 1.8, ""),
        (30.0, 4.1, 0.55 + 0.5 * 1.25, "if_mcp has a low supply"),
        (30.0, 3.0, 0.55, "if_mcp has a low supply"),
        (62.0, 4.1, 0.55 + 0.3 * 1.25, "if_mcp is warm"),
    ],
)
def test_warm_motors_and_low_supplies_draw_less(
    temperature_c: float, supply_v: float, limit_a: float, reason: str
) -> None:
    derating = one()
    derating.health([temperature_c], [supply_v])
    derating.health([np.nan], [np.nan])  # a motor that says nothing: what it said last holds
    np.testing.assert_allclose(derating.limits_a(), limit_a)
    assert derating.reason() == reason


@given(
    st.lists(st.tuples(st.integers(-5, 10**10), st.floats(-5, 5), st.floats(0, 99)), max_size=30)
)
def test_limits_stay_between_lasting_and_peak(rows: list[tuple[int, float, float]]) -> None:
    derating = one()
    for time_ns, current_a, temperature_c in rows:
        derating.currents(time_ns, [current_a])
        derating.health([temperature_c], [5.0])
        assert 0.55 <= derating.limits_a()[0] <= 1.8


def test_every_motor_model_that_a_rig_may_name_has_its_lasting_current() -> None:
    models = get_args(DynamixelDriver.model_fields["model"].annotation)
    assert set(LASTING_A) == set(models)


@pytest.mark.parametrize("song", FOUR_SONGS)
def test_no_song_ever_throttles_a_motor(song: str) -> None:
    """Played over and over: its heat settles where it is after a minute."""
    rig = load_rig("leap_rail_49")
    peaks_a = {joint: current_limits_a(rig)[joint] for joint in rig.joint_names}
    derating = Derating(motor_ratings(peaks_a, "xc330_m288"))
    currents_a, hottest, now_ns = motor_currents(song), 0.0, 0
    for _ in range(int(60 / (len(currents_a) * PHYSICS_STEP_S)) + 1):
        for row in currents_a[::2]:  # the bus reads at 100 Hz
            derating.currents(now_ns, row)
            now_ns += STEP_NS
            hottest = max(hottest, derating.heat.max())
    assert 0.05 < hottest < 0.5  # throttled from 0.8 on


def motor_currents(song: str) -> Floats:
    """What the plan of a song draws, shape `(steps, n)` [A]: motor torque without back-EMF."""
    model, plan = nominal_model("leap_rail_49"), song_plan("leap_rail_49", song)
    simulator, torques = Simulator(model), []
    simulator.reset(plan.start)
    back_emf = model.mj.dof_damping[model.joint_qvel]
    for targets in plan.targets:
        for _ in range(10):
            simulator.step(targets)
            force = simulator.data.actuator_force[model.actuators]
            torques.append(force - back_emf * simulator.joint_velocities)
    radius_m = np.ones(model.n_joints)
    radius_m[0] = 0.04
    return np.array(torques) * radius_m / 0.517  # Nm/A of the XC330-M288

"""Postures that no hand should be in."""

import numpy as np
import pytest

from hardware.safety.postures import CHECKS, CRUSH_M, PostureCheck
from sim import Simulator, load_rig
from tests.unit.playing import FOUR_SONGS, RIGS, nominal_model, song_plan

LEAP = load_rig("leap_rail_49")
every_rig = pytest.mark.parametrize("rig", RIGS)


def leap_posture(**joints: float) -> np.ndarray:
    return np.array([joints.get(name, 0.0) for name in LEAP.joint_names])


@pytest.fixture(scope="module")
def leap() -> PostureCheck:
    return PostureCheck(LEAP)


@every_rig
def test_a_flat_hand_is_well(rig: str) -> None:
    flat = np.zeros(nominal_model(rig).n_joints)
    assert PostureCheck(load_rig(rig)).depths(flat) == ((0.0, ""), (0.0, ""))


@pytest.mark.parametrize(("side", "crossed"), [(1.0, {"if", "mf"}), (-1.0, {"mf", "rf"})])
def test_crossed_fingers_are_found(leap: PostureCheck, side: float, crossed: set[str]) -> None:
    complaint = leap.complaint(leap_posture(if_rot=side, mf_rot=-side))
    assert complaint.startswith("fingers cross: ")
    assert {word[:2] for word in complaint.split() if "_" in word} == crossed


def test_fingers_that_spread_or_only_touch_are_not_crossed(leap: PostureCheck) -> None:
    assert leap.complaint(leap_posture(if_rot=-0.5)) == ""
    touching = leap_posture(if_rot=0.3)
    assert leap.depths(touching)[0][0] > 0.0
    assert leap.complaint(touching) == ""


def test_the_deeper_a_finger_the_deeper_it_is_found(leap: PostureCheck) -> None:
    depths = [leap.depths(leap_posture(if_mcp=angle))[1][0] for angle in np.linspace(0, 1.5, 16)]
    assert depths[0] == 0.0
    assert depths == sorted(depths)


def test_a_finger_in_the_palm_is_found(leap: PostureCheck) -> None:
    fist = leap_posture(mf_mcp=2.2, mf_pip=1.8, mf_dip=2.0)
    assert "palm" in leap.depths(fist)[1][1]


def test_a_hand_in_the_keyboard_is_found(leap: PostureCheck) -> None:
    bent = leap_posture(if_mcp=1.2)
    _, (depth, where) = leap.depths(bent)
    assert depth > CRUSH_M
    assert where in ("keyboard in if_ds", "if_ds in keyboard")
    assert leap.complaint(bent).startswith("the hand is pressed into something: ")


def test_only_what_lasts_is_reported(leap: PostureCheck) -> None:
    well, bent = leap_posture(), leap_posture(if_mcp=1.2)
    for _ in range(2):
        assert [leap.watch(bent) for _ in range(CHECKS - 1)] == [""] * (CHECKS - 1)
        assert leap.watch(well) == ""
    reports = [leap.watch(bent) for _ in range(CHECKS + 1)]
    assert [bool(report) for report in reports] == [False] * (CHECKS - 1) + [True] * 2


@every_rig
@pytest.mark.parametrize("song", FOUR_SONGS)
def test_no_plan_of_the_songs_is_refused(rig: str, song: str) -> None:
    model, plan, check = nominal_model(rig), song_plan(rig, song), PostureCheck(load_rig(rig))
    simulator = Simulator(model)
    simulator.reset(plan.start)
    deepest = 0.0
    for targets in plan.targets:
        simulator.advance(targets)
        assert check.complaint(simulator.joint_positions) == ""
        deepest = max(deepest, check.depths(simulator.joint_positions)[1][0])
    assert 0.0 <= deepest < 0.6 * CRUSH_M


@every_rig
def test_plans_leave_room_for_links(rig: str) -> None:
    check = PostureCheck(load_rig(rig))
    depths = [check.depths(row)[0][0] for s in FOUR_SONGS for row in song_plan(rig, s).references]
    assert np.mean(np.array(depths) > 0.003) < 0.02

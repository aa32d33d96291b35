"""A whole hand's kinematics against MuJoCo's and against differences."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

from policies.planner.pair.kinematics import HandKinematics
from sim.pair import PAIRS
from sim.pair.rig import SIDES
from tests.unit.playing import nominal_pair

every_hand = pytest.mark.parametrize(("rig", "side"), [(r, s) for r in PAIRS for s in SIDES])
SUFFIXES = ("distal", "middle", "proximal")


def postures(hand: HandKinematics, count: int) -> NDArray[np.float64]:
    return np.random.default_rng(3).uniform(hand.low, hand.high, (count, hand.count))


@every_hand
def test_points_are_mujocos(rig: str, side: str) -> None:
    model = nominal_pair(rig)
    hand, data = HandKinematics(model, side), mujoco.MjData(model.mj)
    joints = np.zeros(model.n_joints)
    first = SIDES.index(side) * len(hand.fingers)
    for posture in postures(hand, 5):
        joints[hand.columns] = posture
        model.put(data.qpos, joints)
        mujoco.mj_kinematics(model.mj, data)
        place = hand.points(posture[None]).place[0]
        tips = data.site_xpos[model.fingertip_sites[first : first + len(hand.fingers)]]
        np.testing.assert_allclose(place[:, 0], tips, atol=1e-12)
        for index, finger in enumerate(hand.fingers[1:], start=1):  # a thumb's bodies differ
            bodies = [data.body(f"{side}_{finger}{suffix}").xpos for suffix in SUFFIXES]
            np.testing.assert_allclose(place[index, 1:], bodies, atol=1e-12)


@every_hand
def test_jacobians_equal_differences(rig: str, side: str) -> None:
    hand = HandKinematics(nominal_pair(rig), side)
    posture, step = postures(hand, 1), 1e-6
    jacobian = hand.points(posture).jacobian[0]
    for joint in range(hand.count):
        moved = step * (np.arange(hand.count) == joint)
        ahead, back = (hand.points(posture + sign * moved).place[0] for sign in (1, -1))
        np.testing.assert_allclose(jacobian[..., joint], (ahead - back) / (2 * step), atol=1e-8)


@every_hand
def test_forearms_are_where_their_joints_say(rig: str, side: str) -> None:
    hand = HandKinematics(nominal_pair(rig), side)
    posture = np.zeros((2, hand.count))
    posture[1, hand.across] = 0.1
    tips = hand.tips(posture)
    moved = np.broadcast_to([0.0, 0.1 * hand.across_y, 0.0], tips[0].shape)
    np.testing.assert_allclose(tips[1] - tips[0], moved, atol=1e-12)
    assert (np.diff(tips[0, 1:, 1]) * hand.sign > 0).all()

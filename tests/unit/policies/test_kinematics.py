"""Finger kinematics against MuJoCo, finite differences and themselves."""

from __future__ import annotations

from functools import cache

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from policies import PlanParameters
from policies.planner import load_parameters
from policies.planner.kinematics import Finger
from policies.planner.reach import key_points, measure_reach
from sim import Rig, RigModel, build_model, load_rig, tip_name
from tests.unit.playing import RIGS, nominal_model, song_plan

FINGERS = [(rig, index) for rig in RIGS for index in range(3)]
every_rig = pytest.mark.parametrize("rig", RIGS)
every_finger = pytest.mark.parametrize(("rig", "index"), FINGERS)
seeds = st.integers(0, 2**32 - 1)
Floats = NDArray[np.float64]


@cache
def finger(rig: str, index: int) -> Finger:
    return Finger(load_rig(rig), index)


def angles(chain: Finger, seed: int, count: int = 8, share: float = 1.0) -> Floats:
    """Joint angles in the middle ``share`` of the range, shape ``(count, j)``."""
    rng = np.random.default_rng(seed)
    middle, half = 0.5 * (chain.low + chain.high), 0.5 * share * (chain.high - chain.low)
    return np.asarray(rng.uniform(middle - half, middle + half, (count, len(chain.low))))


def poses_in_mujoco(model: RigModel, index: int, joints: Floats) -> tuple[Floats, Floats]:
    """Fingertip and pitch of the last link with the rail at zero."""
    rig, data = model.rig, mujoco.MjData(model.mj)
    names, tip = rig.finger_joints[index], tip_name(rig.hand.fingers[index])
    points, pitches = [], []
    for row in joints:
        for name, angle in zip(names, row, strict=True):
            data.joint(name).qpos[0] = angle
        mujoco.mj_kinematics(model.mj, data)
        x, _, z = data.geom(tip).xmat.reshape(3, 3)[:, 2]
        points.append(data.site(tip).xpos.copy())
        pitches.append(np.arctan2(-z, -x))
    return np.array(points), np.array(pitches)


def assert_same_poses(model: RigModel, chain: Finger, index: int, joints: Floats) -> None:
    pose = chain.forward(joints)
    points, pitches = poses_in_mujoco(model, index, joints)
    np.testing.assert_allclose(pose.point, points, rtol=0, atol=1e-9)
    np.testing.assert_allclose(np.exp(1j * pose.pitch), np.exp(1j * pitches), rtol=0, atol=1e-7)


@every_finger
@settings(max_examples=4, deadline=None)
@given(seed=seeds)
def test_forward_kinematics_equal_mujoco(rig: str, index: int, seed: int) -> None:
    chain = finger(rig, index)
    assert_same_poses(nominal_model(rig), chain, index, angles(chain, seed))


def test_a_parked_joint_in_a_playing_finger_is_where_it_is_parked() -> None:
    content = load_rig("leap_rail_49").model_dump(by_alias=True)
    content["hand"]["parked_rad"] |= {"if_rot": 0.3, "mf_dip": 0.6}
    rig = Rig.model_validate(content)
    model = build_model(rig)
    for index in range(2):
        chain = Finger(rig, index)
        assert len(chain.low) == 3
        assert_same_poses(model, chain, index, angles(chain, seed=index))


@every_finger
@settings(max_examples=4, deadline=None)
@given(seed=seeds)
def test_jacobians_equal_finite_differences(rig: str, index: int, seed: int) -> None:
    chain, step = finger(rig, index), 1e-6
    joints = angles(chain, seed, count=4)
    pose = chain.forward(joints)
    for joint in range(joints.shape[1]):
        nudge = step * np.eye(joints.shape[1])[joint]
        after, before = chain.forward(joints + nudge), chain.forward(joints - nudge)
        point = (after.point - before.point) / (2 * step)
        turned = np.angle(np.exp(1j * (after.pitch - before.pitch))) / (2 * step)
        np.testing.assert_allclose(pose.point_jacobian[:, :, joint], point, rtol=0, atol=1e-7)
        np.testing.assert_allclose(pose.pitch_jacobian[:, joint], turned, rtol=1e-5, atol=1e-6)


@every_finger
@settings(max_examples=6, deadline=None)
@given(seed=seeds)
def test_inverse_kinematics_find_what_forward_gave(rig: str, index: int, seed: int) -> None:
    """All around the postures of playing."""
    chain, rng = finger(rig, index), np.random.default_rng(seed)
    played = song_plan(rig, "jingle_bells").references[:, 1:].reshape(-1, 3, 4)[:, index]
    around = rng.choice(played, 8) + rng.uniform(-0.05, 0.05, (8, 4))
    pose = chain.forward(np.clip(around, chain.low, chain.high))
    found = chain.inverse(pose.point, pose.pitch)
    assert (found >= chain.low).all()
    assert (found <= chain.high).all()
    again = chain.forward(found)
    np.testing.assert_allclose(again.point, pose.point, rtol=0, atol=1e-4)
    np.testing.assert_allclose(again.pitch, pose.pitch, rtol=0, atol=5e-3)


@every_finger
@settings(max_examples=4, deadline=None)
@given(seed=seeds)
def test_a_point_out_of_reach_gives_a_posture_within_limits(
    rig: str, index: int, seed: int
) -> None:
    chain = finger(rig, index)
    points = np.random.default_rng(seed).uniform(-2.0, 2.0, (6, 3))
    joints = chain.inverse(points, np.full(6, 1.5))
    assert np.isfinite(joints).all()
    assert (joints >= chain.low).all()
    assert (joints <= chain.high).all()


@every_finger
def test_one_joint_swings_the_finger_sideways(rig: str, index: int) -> None:
    names = load_rig(rig).finger_joints[index]
    lateral = [
        name for name, swings in zip(names, finger(rig, index).lateral, strict=True) if swings
    ]
    assert [name[-4:] for name in lateral] in (["_rot"], [f"{names[0][:2]}j0"])


@every_rig
def test_reach_covers_the_keyboard(rig: str) -> None:
    """Every key is reached by some finger from somewhere on the rail."""
    description = load_rig(rig)
    reach = measure_reach(description, load_parameters(rig))
    board, (left, right) = description.keyboard, description.rail.range_m
    for y, black in zip(board.center_y, board.black.astype(int), strict=True):
        reached = (y - reach.high[:, black] <= right) & (y - reach.low[:, black] >= left)
        assert reached.any()
    assert (np.diff(reach.neutral_y) > 0.02).all()  # low fingers on low notes
    assert (reach.low[:, 0] <= reach.neutral_y).all()
    assert (reach.neutral_y <= reach.high[:, 0]).all()


@every_rig
def test_reach_is_honest(rig: str) -> None:
    """At both ends of its reach a finger still gets to the key."""
    description, parameters = load_rig(rig), load_parameters(rig)
    reach = measure_reach(description, parameters)
    for index in range(3):
        for black, pitch in enumerate((parameters.pitch_white_rad, parameters.pitch_black_rad)):
            key = int(np.flatnonzero(description.keyboard.black == bool(black))[0])
            ends = np.array([reach.low[index, black], reach.high[index, black]])
            points = np.tile(key_points(description, parameters)[key] - [0, 0, 0.006], (2, 1))
            points[:, 1] = ends
            chain = finger(rig, index)
            reached = chain.forward(chain.inverse(points, np.full(2, pitch))).point
            assert np.linalg.norm(reached - points, axis=1).max() < 0.0015


def test_black_keys_too_far_back_are_out_of_reach() -> None:
    reach = measure_reach(load_rig("leap_rail_49"), PlanParameters(strike_x_black_m=-0.08))
    assert (reach.low[:, 1] == np.inf).all()
    assert (reach.high[:, 1] == -np.inf).all()
    assert np.isfinite(reach.low[:, 0]).all()

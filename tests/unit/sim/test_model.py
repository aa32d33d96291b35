"""The model of a rig: names, what is seen against what is felt, keys, motors."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from sim import (
    PHYSICS_STEP_S,
    RAIL,
    RigModel,
    Simulator,
    build_model,
    key_name,
    load_rig,
    tip_name,
)
from tests.unit.playing import RIGS, nominal_model, random_targets, song_plan
from tests.unit.sim.hand_tables import matrix, poses_by_hand

every_rig = pytest.mark.parametrize("rig", RIGS)


@every_rig
def test_everything_is_addressed_by_name(rig: str) -> None:
    model = nominal_model(rig)
    mj, names = model.mj, model.joint_names
    assert names == load_rig(rig).joint_names
    assert model.n_joints == mj.nu == len(names)
    for index, name in enumerate(names):
        assert mj.joint(name).qposadr[0] == model.joint_qpos[index]
        assert mj.joint(name).dofadr[0] == model.joint_qvel[index]
        assert mj.actuator(name).id == model.actuators[index]
        assert mj.actuator(name).trnid[0] == mj.joint(name).id
        assert tuple(mj.joint(name).range) == (model.joint_low[index], model.joint_high[index])
        assert tuple(mj.actuator(name).ctrlrange) == tuple(mj.joint(name).range)
    assert model.key_qpos == slice(0, model.n_keys)
    for key in range(model.n_keys):
        assert mj.joint(key_name(key)).qposadr[0] == mj.joint(key_name(key)).dofadr[0] == key
        assert mj.geom(key_name(key)).id == model.key_geoms[key]
        assert mj.joint(key_name(key)).range[1] == model.key_travel_rad[key]
    for finger, site in zip(model.rig.hand.fingers, model.fingertip_sites, strict=True):
        assert mj.site(tip_name(finger)).id == site
    assert mj.nq == mj.nv == model.n_keys + model.n_joints


@every_rig
def test_the_hand_hangs_where_the_rig_says(rig: str) -> None:
    model = nominal_model(rig)
    hand, data = model.rig.hand, mujoco.MjData(model.mj)
    joints = random_targets(model, 1, seed=5)[0]
    data.qpos[model.joint_qpos] = joints
    mujoco.mj_kinematics(model.mj, data)
    angles = dict(zip(model.joint_names, joints.tolist(), strict=True)) | hand.parked_rad
    poses = poses_by_hand(hand.model, angles)
    mount = matrix(list(hand.quat))
    for tip in model.rig.hand_data.tips:
        if tip.finger in hand.fingers:
            turn, place = poses[tip.body]
            center = mount @ (place + turn @ tip.center) + hand.position_m
            expected = center + np.array([0.0, joints[0], 0.0])
            found = data.site(tip_name(tip.finger)).xpos
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@every_rig
def test_what_is_carried_weighs_what_the_rig_says(rig: str) -> None:
    model = nominal_model(rig)
    carried = model.mj.body_subtreemass[model.mj.body("carriage").id]
    assert carried == pytest.approx(model.rig.rail.carried_mass_kg, rel=1e-9)


@every_rig
def test_fingertips_are_round_tips_of_the_rig(rig: str) -> None:
    model = nominal_model(rig)
    data = mujoco.MjData(model.mj)
    mujoco.mj_kinematics(model.mj, data)
    hand = model.rig.hand
    for finger in hand.fingers:
        geom, site = model.mj.geom(tip_name(finger)), data.site(tip_name(finger))
        np.testing.assert_allclose(geom.size[:2], [hand.tip_radius_m, hand.tip_half_length_m])
        axis = data.geom(tip_name(finger)).xmat.reshape(3, 3)[:, 2]
        end = data.geom(tip_name(finger)).xpos + hand.tip_half_length_m * axis
        np.testing.assert_allclose(end, site.xpos, atol=1e-12)


@every_rig
def test_what_is_only_seen_is_not_felt(rig: str) -> None:
    bare, dressed = nominal_model(rig), build_model(load_rig(rig), visuals=True)
    assert dressed.mj.ngeom > bare.mj.ngeom
    plan = song_plan(rig, "ode_to_joy")
    simulators = Simulator(bare), Simulator(dressed)
    for simulator in simulators:
        simulator.reset(plan.start)
    for targets in plan.targets[:50]:
        first, second = (simulator.advance(targets) for simulator in simulators)
        assert first == second
        np.testing.assert_array_equal(simulators[0].data.qpos, simulators[1].data.qpos)
        np.testing.assert_array_equal(simulators[0].data.qvel, simulators[1].data.qvel)
    assert simulators[0].keys_down.any()


@every_rig
def test_keys_rest_up(rig: str) -> None:
    simulator = Simulator(nominal_model(rig))
    for _ in range(20):
        assert simulator.advance(simulator.joint_positions) == []
    assert (simulator.key_depth < 0.02).all()


@every_rig
def test_released_keys_come_back_within_80_ms(rig: str) -> None:
    model = nominal_model(rig)
    simulator = Simulator(model)
    simulator.data.qpos[model.key_qpos] = model.key_travel_rad
    down = simulator.step(np.zeros(model.n_joints))
    assert [event.key for event in down] == list(range(model.n_keys))
    up = [event for _ in range(16) for event in simulator.step(np.zeros(model.n_joints))]
    assert sorted(event.key for event in up) == list(range(model.n_keys))
    assert not any(event.down for event in up)


def driven(rig: str, joint: str) -> tuple[float, float, float]:
    """Speed and force of a free joint driven as hard as it can, and the speed its maker states."""
    model: RigModel = build_model(load_rig(rig))
    mj, data = model.mj, mujoco.MjData(model.mj)
    mj.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
    mj.jnt_limited[mj.joint(joint).id] = 0
    mj.actuator_ctrllimited[mj.actuator(joint).id] = 0
    data.ctrl[mj.actuator(joint).id] = 1e6
    fastest = 0.0
    for _ in range(100):
        mujoco.mj_step(mj, data)
        fastest = max(fastest, data.joint(joint).qvel[0])
    figures = model.rig.rail.no_load_speed_m_per_s, model.rig.finger.no_load_speed_rad_per_s
    return fastest, data.actuator(joint).force[0], figures[joint != RAIL]


@pytest.mark.parametrize(
    ("rig", "joint"), [(rig, joint) for rig in RIGS for joint in load_rig(rig).joint_names]
)
def test_no_motor_outruns_its_no_load_speed_or_torque(rig: str, joint: str) -> None:
    speed, force, no_load = driven(rig, joint)
    dynamics = load_rig(rig)
    limit = dynamics.rail.force_limit_n if joint == RAIL else dynamics.finger.torque_limit_nm
    assert 0.9 * no_load < speed <= no_load
    assert force == limit


@every_rig
def test_the_time_step_is_the_one_that_all_agree_on(rig: str) -> None:
    assert nominal_model(rig).mj.opt.timestep == PHYSICS_STEP_S
    assert nominal_model(rig).mj.opt.enableflags & int(mujoco.mjtEnableBit.mjENBL_SLEEP)

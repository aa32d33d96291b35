"""What a world does to the model: what parameters can say through them, the rest by its formula."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from hardware.errors import WorldError
from hardware.world import World, WorldSimulator, load_world, world_names
from hardware.world.physics import build_world_model, true_parameters
from sim import PhysicsParameters, Simulator, build_model, load_rig
from tests.unit.playing import RIGS, nominal_model, song_plan

LEAP = "leap_rail_49"
every_rig = pytest.mark.parametrize("rig", RIGS)


def world_of(**sections: object) -> World:
    return World.model_validate({"schema": 1, "name": "test", "seed": 7} | sections)


@every_rig
@pytest.mark.parametrize("name", world_names())
def test_every_example_can_be_played_on_every_rig(rig: str, name: str) -> None:
    simulator = WorldSimulator(load_rig(rig), load_world(name))
    simulator.reset(song_plan(rig, "ode_to_joy").start)
    for targets in song_plan(rig, "ode_to_joy").targets[:10]:
        simulator.advance(targets)
    assert np.isfinite(simulator.data.qpos).all()


KNOWN = world_of(
    hand={
        "frictionloss_scale": 1.5,
        "damping_scale": 1.2,
        "armature_scale": 0.9,
        "stiffness_scale": 0.8,
        "gain_damping_scale": 1.3,
        "offset_std_rad": 0.01,
    },
    rail={"frictionloss_scale": 2.0, "stiffness_scale": 0.9},
    keyboard={
        "offset_m": [0.001, -0.002, -0.001],
        "yaw_rad": 0.004,
        "stiffness_scale": 1.3,
        "damping_scale": 0.8,
        "friction_nm": 0.002,
        "trigger_fraction": 0.6,
        "release_fraction": 0.45,
    },
    contact={"sliding_friction": 0.6, "tip_stiffness_scale": 0.7},
    timing={"command_delay_s": 0.03},
)
"""A world that physics parameters can describe in full."""


@every_rig
@pytest.mark.parametrize("world", [World(schema=1, name="nominal"), KNOWN])
def test_a_world_within_the_model_class_is_the_plain_simulator(rig: str, world: World) -> None:
    """Bit for bit: so calibration can find it, and means the same by every name."""
    plan, hidden = song_plan(rig, "ode_to_joy"), WorldSimulator(load_rig(rig), world)
    model = true_parameters(load_rig(rig), world).apply(build_model(load_rig(rig)))
    plain = Simulator(model)
    plain.reset(plan.start)
    hidden.reset(plan.start)
    for targets in plan.targets[:50]:
        events = plain.advance(targets)
        heard = [replace(event, velocity=64) for event in hidden.advance(targets)]
        assert heard == [replace(event, velocity=64) for event in events]
        np.testing.assert_array_equal(hidden.data.qpos, plain.data.qpos)
        np.testing.assert_array_equal(hidden.joint_positions, plain.joint_positions)
        np.testing.assert_array_equal(hidden.joint_velocities, plain.joint_velocities)


def test_parameters_carry_the_world_in_their_own_units() -> None:
    rig = load_rig(LEAP)
    nominal, true = PhysicsParameters.nominal(rig).values, true_parameters(rig, KNOWN).values
    same = {name for name, value in nominal.items() if true[name] == value}
    assert same == {"rail_damping_ns_per_m", "rail_gain_damping_ns_per_m", "joint_offset:rail"}
    assert true["finger_stiffness_nm_per_rad"] == pytest.approx(0.8 * 3.0)
    assert true["keyboard_z_m"] == -0.001
    assert true["contact_time_constant_s"] == pytest.approx(0.01 / np.sqrt(0.7))


def test_zeros_come_from_the_seed_alone() -> None:
    rig = load_rig(LEAP)

    def zeros(seed: int, std: float = 0.01) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        world = World(schema=1, name="z", seed=seed).model_copy(
            update={"hand": KNOWN.hand.model_copy(update={"offset_std_rad": std})}
        )
        return build_world_model(rig, world).joint_offset

    np.testing.assert_array_equal(zeros(3), zeros(3))
    assert (zeros(3)[1:] != zeros(4)[1:]).all()
    np.testing.assert_allclose(zeros(3, 0.02), 2 * zeros(3))
    assert zeros(3)[0] == 0.0
    drawn = np.concatenate([zeros(seed)[1:] for seed in range(20)])
    assert drawn.std() == pytest.approx(0.01, rel=0.15)


def test_a_hardening_spring_pulls_as_its_formula_says() -> None:
    world = world_of(keyboard={"spring_hardening": 0.5, "stiffness_scale": 1.4})
    model, nominal = build_world_model(load_rig(LEAP), world), nominal_model(LEAP)
    data = mujoco.MjData(model.mj)
    for depth in (0.0, 0.3, 1.0):
        data.qpos[model.key_qpos] = depth * model.key_travel_rad
        mujoco.mj_forward(model.mj, data)
        stretched = depth * nominal.key_travel_rad - nominal.rig.keys.spring_reference_rad
        expected = -1.4 * nominal.rig.keys.stiffness_nm_per_rad * stretched * (1 + 0.5 * depth)
        np.testing.assert_allclose(data.qfrc_spring[model.key_qpos], expected, rtol=1e-12)


def test_stiff_tips_continue_where_soft_ones_end() -> None:
    """Above 1 the contact has another form; just above, it is the same contact."""
    plan = song_plan(LEAP, "ode_to_joy")
    ends = []
    for scale in (1.0, 1.0 + 1e-9, 1.4):
        simulator = WorldSimulator(load_rig(LEAP), world_of(contact={"tip_stiffness_scale": scale}))
        simulator.reset(plan.start)
        pressed = 0.0
        for targets in plan.targets[:20]:
            simulator.advance(targets)
            contacts = simulator.data.contact.dist
            pressed = max(pressed, -float(contacts.min(initial=0.0)))
        ends.append((simulator.joint_positions, pressed))
    np.testing.assert_allclose(ends[1][0], ends[0][0], atol=1e-6)
    assert 0 < ends[2][1] < 0.9 * ends[0][1]  # stiffer tips sink in less


def test_weak_motors_have_less_torque() -> None:
    model = build_world_model(load_rig(LEAP), world_of(hand={"torque_limit_scale": 0.8}))
    limits = model.mj.actuator_forcerange[model.actuators, 1]
    np.testing.assert_allclose(limits, [23.0, *[0.8 * 0.93] * 12])


def test_a_world_that_this_rig_cannot_be_is_refused() -> None:
    trigger = world_of(keyboard={"trigger_fraction": 0.3})  # below the rig's own release
    with pytest.raises(WorldError, match="world 'test' on rig leap_rail_49: key_release_fraction"):
        build_world_model(load_rig(LEAP), trigger)
    limp = world_of(keyboard={"stiffness_scale": 0.4, "damping_scale": 2.5, "friction_nm": 0.01})
    with pytest.raises(WorldError, match=r"release point|rests at"):
        build_world_model(load_rig(LEAP), limp)

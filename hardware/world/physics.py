"""The physics of a world as a MuJoCo model: what training knows, and what it does not.

Where `sim.PhysicsParameters` has a word for an effect, a world uses it, in the same meaning. Added
here is what no physics parameter can say: the hardening of key springs, stiff fingertips, weak
motors. Backlash and friction that falls with speed act step by step (`hardware.world.simulator`).
"""

from __future__ import annotations

import math

import numpy as np

from hardware.errors import WorldError
from hardware.world.world import World
from sim import ParameterError, PhysicsParameters, Rig, RigModel, build_model

_HIDDEN = 1
"""Tells the random numbers of the hidden physics from those of trials (`hardware.world.draws`)."""


def true_parameters(rig: Rig, world: World) -> PhysicsParameters:
    """What a perfect calibration would find: the part of a world that physics parameters can say.

    Raises:
        WorldError: the world is impossible with this rig.
    """
    nominal = PhysicsParameters.nominal(rig)
    values = dict(_scaled(nominal, world)) | _keyboard_values(nominal, world)
    values |= _offsets(rig, world) | {"command_delay_s": world.timing.command_delay_s}
    try:
        return nominal.with_values(**values)
    except ParameterError as error:
        raise WorldError(f"world '{world.name}' on rig {rig.name}: {error}") from error


def build_world_model(rig: Rig, world: World) -> RigModel:
    """Compile a rig that obeys a world.

    Raises:
        WorldError: the world is impossible with this rig, or its keys would not come back.
    """
    try:
        model = true_parameters(rig, world).apply(build_model(rig))
    except ParameterError as error:
        raise WorldError(f"world '{world.name}' on rig {rig.name}: {error}") from error
    _harden_springs(model, world)
    _stiffen_tips(model, world)
    model.mj.actuator_forcerange[model.actuators[1:]] *= world.hand.torque_limit_scale
    return model


def _scaled(nominal: PhysicsParameters, world: World) -> dict[str, float]:
    hand, rail, keyboard = world.hand, world.rail, world.keyboard
    scales = {
        "finger_frictionloss_nm": hand.frictionloss_scale,
        "finger_damping_nms_per_rad": hand.damping_scale,
        "finger_armature_kgm2": hand.armature_scale,
        "finger_stiffness_nm_per_rad": hand.stiffness_scale,
        "finger_gain_damping_nms_per_rad": hand.gain_damping_scale,
        "rail_friction_n": rail.frictionloss_scale,
        "rail_stiffness_n_per_m": rail.stiffness_scale,
        "key_stiffness_nm_per_rad": keyboard.stiffness_scale,
        "key_damping_nms_per_rad": keyboard.damping_scale,
        # Stiffness goes with the inverse square of the time constant (MuJoCo, solref).
        "contact_time_constant_s": 1 / math.sqrt(min(world.contact.tip_stiffness_scale, 1.0)),
    }
    return {name: nominal.values[name] * scale for name, scale in scales.items()}


def _keyboard_values(nominal: PhysicsParameters, world: World) -> dict[str, float]:
    keyboard = world.keyboard
    values = {
        **{
            f"keyboard_{axis}_m": shift
            for axis, shift in zip("xyz", keyboard.offset_m, strict=True)
        },
        "keyboard_yaw_rad": keyboard.yaw_rad,
        "key_friction_nm": keyboard.friction_nm,
    }
    given = {
        "key_trigger_fraction": keyboard.trigger_fraction,
        "key_release_fraction": keyboard.release_fraction,
        "tip_sliding_friction": world.contact.sliding_friction,
    }
    return values | {name: value for name, value in given.items() if value is not None}


def _offsets(rig: Rig, world: World) -> dict[str, float]:
    """Encoder zeros of the finger joints; the rail's is part of the keyboard's offset."""
    fingers = rig.joint_names[1:]
    drawn = np.random.default_rng([_HIDDEN, world.seed]).standard_normal(len(fingers))
    # Three standard deviations: a zero that is further off would have been noticed.
    zeros = np.clip(drawn, -3, 3) * world.hand.offset_std_rad
    return {f"joint_offset:{joint}": float(z) for joint, z in zip(fingers, zeros, strict=True)}


def _harden_springs(model: RigModel, world: World) -> None:
    """Key torque k x (1 + h d), x from where the spring is slack, d the share of travel.

    With x = d travel + x0 that is MuJoCo's polynomial k0 x + k1 x |x|, for x is positive.
    """
    hardening, mj = world.keyboard.spring_hardening, model.mj
    if hardening == 0.0:
        return
    keys = slice(0, model.n_keys)
    slack = -model.rig.keys.spring_reference_rad
    linear = mj.jnt_stiffness[keys].copy()
    mj.jnt_stiffness[keys] = linear * (1 - hardening * slack / model.key_travel_rad)
    mj.jnt_stiffnesspoly[keys, 0] = linear * hardening / model.key_travel_rad


def _stiffen_tips(model: RigModel, world: World) -> None:
    """Contacts stiffer than nominal, in MuJoCo's direct form, critically damped.

    The nominal time constant is the shortest that the usual form takes, so the physics parameters
    only know softer ones.
    """
    scale = world.contact.tip_stiffness_scale
    if scale > 1.0:
        rate = math.sqrt(scale) / model.rig.keys.contact_time_constant_s
        model.mj.geom_solref[model.key_geoms] = [-(rate**2), -2 * rate]

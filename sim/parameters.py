"""Physics parameters: what calibration fits, as one typed table applied to a compiled model."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import overload

import mujoco
import numpy as np

from sim.anyrig import AnyRig
from sim.errors import ParameterError
from sim.model import PHYSICS_STEP_S, RigModel, key_name
from sim.pair.rig import PairRig
from sim.playable import PlayableModel
from sim.rig import RAIL, Rig

_OFFSET = "joint_offset:"
_STIFFEST_S = 2 * PHYSICS_STEP_S  # MuJoCo takes shorter contact time constants for this one


@dataclass(frozen=True)
class Parameter:
    """One entry of the table.

    Attributes:
        name: what calibration and messages call it; units at its end.
        unit: SI unit.
        nominal: value of the rig file.
        low: lower bound.
        high: upper bound.
        field: the MuJoCo field it sets, or ``command`` / ``encoder`` / ``trigger`` for what the
            simulator does outside MuJoCo.
    """

    name: str
    unit: str
    nominal: float
    low: float
    high: float
    field: str


def parameter_table(rig: AnyRig) -> tuple[Parameter, ...]:
    """All physics parameters of a rig with nominal values and bounds; two hands have none."""
    return () if isinstance(rig, PairRig) else _table(rig)


def _table(rig: Rig) -> tuple[Parameter, ...]:
    finger, rail, keys = rig.finger, rig.rail, rig.keys
    finger_emf = finger.torque_limit_nm / finger.no_load_speed_rad_per_s
    rail_emf = rail.force_limit_n / rail.no_load_speed_m_per_s
    scaled = [
        ("finger_frictionloss_nm", "Nm", finger.frictionloss_nm, "dof_frictionloss"),
        ("finger_damping_nms_per_rad", "Nms/rad", finger_emf, "dof_damping"),
        ("finger_armature_kgm2", "kgm2", finger.armature_kgm2, "dof_armature"),
        ("finger_stiffness_nm_per_rad", "Nm/rad", finger.stiffness_nm_per_rad, "actuator_gainprm"),
        ("rail_friction_n", "N", rail.friction_n, "dof_frictionloss"),
        ("rail_damping_ns_per_m", "Ns/m", rail_emf, "dof_damping"),
        ("rail_stiffness_n_per_m", "N/m", rail.stiffness_n_per_m, "actuator_gainprm"),
        ("key_stiffness_nm_per_rad", "Nm/rad", keys.stiffness_nm_per_rad, "jnt_stiffness"),
        ("key_damping_nms_per_rad", "Nms/rad", keys.damping_nms_per_rad, "dof_damping"),
        ("tip_sliding_friction", "1", keys.sliding_friction, "geom_friction"),
    ]
    contact = keys.contact_time_constant_s
    finger_kd = max(finger.damping_nms_per_rad - finger_emf, 0.0)
    rail_kd = max(rail.damping_ns_per_m - rail_emf, 0.0)
    shifted = [
        ("finger_gain_damping_nms_per_rad", "Nms/rad", finger_kd, 0.0, 0.2, "actuator_biasprm"),
        ("rail_gain_damping_ns_per_m", "Ns/m", rail_kd, 0.0, 600.0, "actuator_biasprm"),
        ("command_delay_s", "s", 0.0, 0.0, 0.2, "command"),
        ("keyboard_x_m", "m", 0.0, -0.01, 0.01, "body_pos"),
        ("keyboard_y_m", "m", 0.0, -0.01, 0.01, "body_pos"),
        ("keyboard_z_m", "m", 0.0, -0.01, 0.01, "body_pos"),
        ("keyboard_yaw_rad", "rad", 0.0, -0.03, 0.03, "body_quat"),
        ("key_friction_nm", "Nm", 0.0, 0.0, 0.01, "dof_frictionloss"),
        ("key_trigger_fraction", "1", keys.trigger_fraction, 0.25, 0.9, "trigger"),
        ("key_release_fraction", "1", keys.release_fraction, 0.1, 0.85, "trigger"),
        ("contact_time_constant_s", "s", contact, _STIFFEST_S, 5 * contact, "geom_solref"),
    ]
    offsets = [
        Parameter(
            f"{_OFFSET}{joint}", "m" if joint == RAIL else "rad", 0.0, -bound, bound, "encoder"
        )
        for joint in rig.joint_names
        for bound in [0.01 if joint == RAIL else 0.1]
    ]
    ranged = [Parameter(n, unit, v, v / 5, v * 5, field) for n, unit, v, field in scaled]
    bounded = [  # a rig file may be more extreme than usual: its own values are always allowed
        Parameter(name, unit, value, min(low, value), max(high, value), field)
        for name, unit, value, low, high, field in shifted
    ]
    return (*ranged, *bounded, *offsets)


@dataclass(frozen=True)
class PhysicsParameters:
    """Values of the whole table for one rig.

    Attributes:
        rig: the rig they belong to.
        values: value by parameter name, SI units; complete.
    """

    rig: AnyRig
    values: Mapping[str, float]

    @property
    def hand_rig(self) -> Rig:
        """The rig, where it must be one of one hand.

        Raises:
            ParameterError: it has two.
        """
        if isinstance(self.rig, Rig):
            return self.rig
        raise ParameterError(f"rig '{self.rig.name}' has two hands: choose one with one")

    @classmethod
    def nominal(cls, rig: AnyRig) -> PhysicsParameters:
        """The values of the rig file."""
        return cls(rig, {entry.name: entry.nominal for entry in parameter_table(rig)})

    def with_values(self, **changes: float) -> PhysicsParameters:
        """The same with some values replaced; names with a colon go in by ``**{...}``.

        Raises:
            ParameterError: an unknown name, or a value that is not finite or out of bounds.
        """
        table = {entry.name: entry for entry in parameter_table(self.rig)}
        for name, value in changes.items():
            if name not in table:
                close = difflib.get_close_matches(name, table, n=3)
                raise ParameterError(f"unknown physics parameter '{name}'; near: {close}")
            entry = table[name]
            if not (math.isfinite(value) and entry.low <= value <= entry.high):
                raise ParameterError(
                    f"{name} = {value} {entry.unit}: choose from {entry.low:g} to {entry.high:g}"
                )
        return replace(self, values={**self.values, **changes})

    @overload
    def apply(self, model: RigModel) -> RigModel: ...

    @overload
    def apply(self, model: PlayableModel) -> PlayableModel: ...

    def apply(self, model: PlayableModel) -> PlayableModel:
        """Set the compiled model in place; return it with triggers, offsets and delay set.

        Two hands have no parameters: theirs comes back as it is.

        Raises:
            ParameterError: keys that would rest pressed or not come back (they must rest below
                2 % of travel and pass their release point within 80 ms); the compiled model then
                holds the refused values until others are applied.
        """
        if not isinstance(model, RigModel):
            return model
        value = self.values
        if value["key_release_fraction"] >= value["key_trigger_fraction"]:
            raise ParameterError("key_release_fraction must be below key_trigger_fraction")
        _set_servos(model, value)
        _set_joints(model, value)
        _set_keys(model, value)
        _set_pose(model, value)
        mujoco.mj_setConst(model.mj, mujoco.MjData(model.mj))
        applied = replace(
            model,
            key_trigger=np.full(model.n_keys, value["key_trigger_fraction"]),
            key_release=np.full(model.n_keys, value["key_release_fraction"]),
            joint_offset=np.array([value[f"{_OFFSET}{joint}"] for joint in model.joint_names]),
            command_delay_s=value["command_delay_s"],
        )
        _check_keys(applied)
        return applied


def _set_servos(model: RigModel, value: Mapping[str, float]) -> None:
    """Position servo: force = kp (target - q) - kd v, in MuJoCo's gain and bias parameters."""
    for joint, actuator in zip(model.joint_names, model.actuators, strict=True):
        rail = joint == RAIL
        stiffness = value["rail_stiffness_n_per_m" if rail else "finger_stiffness_nm_per_rad"]
        damping = value["rail_gain_damping_ns_per_m" if rail else "finger_gain_damping_nms_per_rad"]
        model.mj.actuator_gainprm[actuator, 0] = stiffness
        model.mj.actuator_biasprm[actuator, 1] = -stiffness
        model.mj.actuator_biasprm[actuator, 2] = -damping


def _set_joints(model: RigModel, value: Mapping[str, float]) -> None:
    rail, fingers = model.joint_qvel[0], model.joint_qvel[1:]
    mj = model.mj
    mj.dof_frictionloss[rail] = value["rail_friction_n"]
    mj.dof_damping[rail] = value["rail_damping_ns_per_m"]
    mj.dof_frictionloss[fingers] = value["finger_frictionloss_nm"]
    mj.dof_damping[fingers] = value["finger_damping_nms_per_rad"]
    mj.dof_armature[fingers] = value["finger_armature_kgm2"]


def _set_keys(model: RigModel, value: Mapping[str, float]) -> None:
    mj, keys = model.mj, model.key_qpos
    mj.jnt_stiffness[: model.n_keys] = value["key_stiffness_nm_per_rad"]
    mj.dof_damping[keys] = value["key_damping_nms_per_rad"]
    mj.dof_frictionloss[keys] = value["key_friction_nm"]
    mj.geom_friction[model.key_geoms, 0] = value["tip_sliding_friction"]
    mj.geom_solref[model.key_geoms, 0] = value["contact_time_constant_s"]


def _set_pose(model: RigModel, value: Mapping[str, float]) -> None:
    """Move all keys together: yaw about the piano's origin, then the offset."""
    keyboard, yaw = model.rig.keyboard, value["keyboard_yaw_rad"]
    cos, sin = math.cos(yaw), math.sin(yaw)
    offset = np.array([value[f"keyboard_{axis}_m"] for axis in "xyz"])
    for key in range(model.n_keys):
        shape, y = keyboard.shape(key), keyboard.center_y[key]
        body = model.mj.body(key_name(key)).id
        turned = [cos * shape.hinge_x - sin * y, sin * shape.hinge_x + cos * y, shape.body_z]
        model.mj.body_pos[body] = turned + offset
        model.mj.body_quat[body] = [math.cos(yaw / 2), 0, 0, math.sin(yaw / 2)]


def _check_keys(model: RigModel) -> None:
    """Let keys go from the stop, hand at zero, and see that they come back and stay up."""
    data = mujoco.MjData(model.mj)
    data.qpos[model.key_qpos] = model.key_travel_rad
    mujoco.mj_step(model.mj, data, nstep=16)
    depth = data.qpos[model.key_qpos] / model.key_travel_rad
    if late := np.flatnonzero(~(depth <= model.key_release)).tolist():  # not a number is late
        raise ParameterError(f"key {late[0]} does not pass its release point within 80 ms")
    mujoco.mj_step(model.mj, data, nstep=200)
    depth = data.qpos[model.key_qpos] / model.key_travel_rad
    if sagging := np.flatnonzero(~(depth <= 0.02)).tolist():
        raise ParameterError(f"key {sagging[0]} rests at {depth[sagging[0]]:.0%} of its travel")

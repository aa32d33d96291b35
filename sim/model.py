"""The MuJoCo model of a rig: keys, rail, hand and position servos, all addressed by name."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.drivers import RosTrajectoryDriver
from sim.hands import Tip, add_hand
from sim.keyboards import Keyboard
from sim.limits import TargetLimits
from sim.playable import PlayableModel
from sim.rig import RAIL, Rig

PHYSICS_STEP_S = 0.005
PHYSICS_STEPS_PER_CONTROL = 10

_KEY_CONTACT, _TIP_CONTACT = 1, 2
_WHITE, _BLACK = (0.93, 0.92, 0.89, 1.0), (0.08, 0.08, 0.09, 1.0)


@dataclass(frozen=True, kw_only=True)
class RigModel(PlayableModel):
    """A compiled rig of one hand on a rail; the rail is its first joint."""

    rig: Rig

    @property
    def keyboard(self) -> Keyboard:
        """The keyboard's geometry."""
        return self.rig.keyboard

    @property
    def limits(self) -> TargetLimits:
        """What the rig's motors can make of a target."""
        return TargetLimits.of(self.rig)

    @property
    def ramp_steps(self) -> NDArray[np.intp]:
        """Physics steps over which the rig's controllers interpolate, shape ``(n,)``; 1: none."""
        driver = self.rig.driver
        ramps_s = driver.ramps_s if isinstance(driver, RosTrajectoryDriver) else {}
        steps = [round(ramps_s.get(name, 0.0) / PHYSICS_STEP_S) for name in self.joint_names]
        return np.maximum(np.array(steps, np.intp), 1)


def key_name(key: int) -> str:
    """Name of a key's body, joint and geom."""
    return f"key_{key:02d}"


def tip_name(finger: str) -> str:
    """Name of a fingertip's geom and site."""
    return f"{finger}_touch"


def build_spec(rig: Rig, visuals: bool = False) -> mujoco.MjSpec:
    """Describe a rig with its nominal dynamics; ``visuals`` adds what is seen but not touched."""
    spec = mujoco.MjSpec()
    spec.compiler.fusestatic = True  # welded links cost time: they become part of their parents
    spec.modelname = rig.name
    spec.compiler.degree = False
    spec.option.timestep = PHYSICS_STEP_S
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_PYRAMIDAL
    # Untouched keys sleep: twice the speed. The tolerance is below any audible motion.
    spec.option.enableflags |= int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    spec.option.sleep_tolerance = 1e-3
    for key in range(rig.keyboard.n_keys):
        _add_key(spec, rig, key)
    _add_hand_on_rail(spec, rig, visuals)
    _add_servos(spec, rig)
    return spec


def build_model(rig: Rig, visuals: bool = False) -> RigModel:
    """Compile a rig with its nominal dynamics.

    The same physics with and without ``visuals``; without, it runs a third faster.
    """
    return index_model(build_spec(rig, visuals).compile(), rig)


def index_model(mj: mujoco.MjModel, rig: Rig) -> RigModel:
    """Find the named parts of a compiled rig."""
    names = rig.joint_names
    keys = range(rig.keyboard.n_keys)
    return RigModel(
        mj=mj,
        rig=rig,
        joint_names=names,
        joint_qpos=np.array([mj.joint(name).qposadr[0] for name in names]),
        joint_qvel=np.array([mj.joint(name).dofadr[0] for name in names]),
        actuators=np.array([mj.actuator(name).id for name in names]),
        joint_low=np.array([mj.joint(name).range[0] for name in names]),
        joint_high=np.array([mj.joint(name).range[1] for name in names]),
        key_qpos=slice(0, len(keys)),
        key_geoms=np.array([mj.geom(key_name(key)).id for key in keys]),
        key_travel_rad=rig.keyboard.travel_rad,
        fingertip_sites=np.array([mj.site(tip_name(f)).id for f in rig.hand.fingers]),
        key_trigger=np.full(len(keys), rig.keys.trigger_fraction),
        key_release=np.full(len(keys), rig.keys.release_fraction),
        joint_offset=np.zeros(len(names)),
        tip_gap_m=2 * rig.hand.tip_radius_m,
    )


def _add_key(spec: mujoco.MjSpec, rig: Rig, key: int) -> None:
    """A box on a sprung hinge at the back; positive angles press it."""
    keyboard, dynamics = rig.keyboard, rig.keys
    shape = keyboard.shape(key)
    offset = shape.body_x - shape.hinge_x
    body = spec.worldbody.add_body(
        name=key_name(key), pos=[shape.hinge_x, keyboard.center_y[key], shape.body_z]
    )
    body.add_joint(
        name=key_name(key),
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=[0, 1, 0],
        range=[0, shape.max_angle_rad],
        limited=True,
        stiffness=_first(dynamics.stiffness_nm_per_rad),
        damping=_first(dynamics.damping_nms_per_rad),
        armature=dynamics.armature_kgm2,
        springref=dynamics.spring_reference_rad,
    )
    body.add_geom(
        name=key_name(key),
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[half / 2 for half in shape.size],
        pos=[offset, 0, 0],
        mass=shape.mass,
        contype=0,
        conaffinity=_KEY_CONTACT,
        priority=1,  # the key's contact parameters win
        solref=[dynamics.contact_time_constant_s, 1],
        friction=[dynamics.sliding_friction, 0.005, 0.0001],
        rgba=_BLACK if keyboard.black[key] else _WHITE,
    )


def _add_hand_on_rail(spec: mujoco.MjSpec, rig: Rig, visuals: bool) -> None:
    carriage = spec.worldbody.add_body(name="carriage", gravcomp=1.0)
    carriage.add_joint(
        name=RAIL,
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=[0, 1, 0],
        range=list(rig.rail.range_m),
        limited=True,
        damping=_first(rig.rail.force_limit_n / rig.rail.no_load_speed_m_per_s),
        frictionloss=rig.rail.friction_n,
    )
    carriage.explicitinertial = True
    hand_mass = sum(record["mass"] for record in rig.hand_data.bodies)
    carriage.mass = max(rig.rail.carried_mass_kg - hand_mass, 0.05)
    carriage.inertia = [1e-3] * 3  # it only slides: its inertia is never felt
    palm = carriage.add_body(name="mount", pos=rig.hand.position_m, quat=rig.hand.quat)
    actuated = rig.joint_names[1:]
    bodies = add_hand(palm, rig.hand_data, actuated, dict(rig.hand.parked_rad), visuals)
    for joint in actuated:
        _set_finger_dynamics(spec.joint(joint), rig)
    for tip in rig.hand_data.tips:
        if tip.finger in rig.hand.fingers:
            _add_tip(bodies[tip.body], tip, rig)


def _set_finger_dynamics(joint: mujoco.MjsJoint, rig: Rig) -> None:
    """Passive damping is the motor's back-EMF: torque limit over no-load speed."""
    finger = rig.finger
    joint.damping = _first(finger.torque_limit_nm / finger.no_load_speed_rad_per_s)
    joint.armature = finger.armature_kgm2
    joint.frictionloss = finger.frictionloss_nm


def _add_tip(body: mujoco.MjsBody, tip: Tip, rig: Rig) -> None:
    """A printed round tip: a capsule that touches keys and other tips."""
    axis, center = np.asarray(tip.axis), np.asarray(tip.center)
    half = rig.hand.tip_half_length_m
    quat = np.zeros(4)
    mujoco.mju_quatZ2Vec(quat, axis)
    body.add_geom(
        name=tip_name(tip.finger),
        type=mujoco.mjtGeom.mjGEOM_CAPSULE,
        size=[rig.hand.tip_radius_m, half, 0],
        pos=center - half * axis,
        quat=quat,
        mass=0.0,
        contype=_KEY_CONTACT | _TIP_CONTACT,
        conaffinity=_TIP_CONTACT,
        condim=3,
        rgba=(0.85, 0.33, 0.16, 1.0),
    )
    body.add_site(name=tip_name(tip.finger), pos=center)


def _add_servos(spec: mujoco.MjSpec, rig: Rig) -> None:
    """A position servo with gain damping and a force limit on every actuated joint."""
    finger, rail = rig.finger, rig.rail
    finger_emf = finger.torque_limit_nm / finger.no_load_speed_rad_per_s
    rail_emf = rail.force_limit_n / rail.no_load_speed_m_per_s
    for name in rig.joint_names:
        actuator = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        on_rail = name == RAIL
        stiffness = rail.stiffness_n_per_m if on_rail else finger.stiffness_nm_per_rad
        total = rail.damping_ns_per_m if on_rail else finger.damping_nms_per_rad
        limit = rail.force_limit_n if on_rail else finger.torque_limit_nm
        damping = max(total - (rail_emf if on_rail else finger_emf), 0.0)
        actuator.set_to_position(kp=stiffness, kv=damping)
        actuator.forcerange, actuator.forcelimited = [-limit, limit], True
        actuator.ctrlrange, actuator.ctrllimited = spec.joint(name).range, True


def _first(value: float) -> NDArray[np.float64]:
    """MuJoCo's polynomial stiffness and damping with only the linear term."""
    return np.array([value, 0.0, 0.0])

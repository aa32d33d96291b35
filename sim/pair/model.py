"""The MuJoCo model of two hands over a keyboard: RoboPianist's, of primitive shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.hands import add_inertia, add_shape, turned, unit
from sim.model import PHYSICS_STEP_S, key_name
from sim.pair.hands import PairHand, Record
from sim.pair.rig import SIDES, PairRig

IMPRATIO = 10.0
"""Friction over normal impedance of contacts, the Shadow hand's (MuJoCo Menagerie)."""


@dataclass(frozen=True)
class PairModel:
    """A compiled rig of two hands and where its named parts are.

    Attributes:
        mj: the compiled model; key joints come first in ``qpos``.
        rig: what it was made from.
        action_names: servos of the right hand, of the left one, then ``sustain``.
        action_low: least actions, shape ``(n_actions,)`` [rad, m, 1].
        action_high: greatest actions.
        joint_names: moving joints of the right hand, then of the left one.
        joint_qpos: their addresses in ``qpos``, shape ``(n_joints,)``.
        key_geoms: geom of each key, shape ``(n_keys,)``.
        key_half_sizes: of the key boxes, shape ``(n_keys, 3)`` [m].
        fingertip_sites: right hand first, in the order of the rig's fingers.
        servo_dofs: first and second address in ``qvel`` of what each servo moves, shape
            ``(2, n_servos)``; the same twice where it moves one joint.
        forearm_geoms: which geoms are forearms, for each hand, two sets.
    """

    mj: mujoco.MjModel
    rig: PairRig
    action_names: tuple[str, ...]
    action_low: NDArray[np.float64]
    action_high: NDArray[np.float64]
    joint_names: tuple[str, ...]
    joint_qpos: NDArray[np.intp]
    key_geoms: NDArray[np.intp]
    key_half_sizes: NDArray[np.float64]
    fingertip_sites: NDArray[np.intp]
    servo_dofs: NDArray[np.intp]
    forearm_geoms: tuple[frozenset[int], frozenset[int]]

    @property
    def n_keys(self) -> int:
        """Number of keys."""
        return len(self.key_geoms)

    @property
    def key_travel_rad(self) -> NDArray[np.float64]:
        """Full travel of each key, shape ``(n_keys,)``."""
        return self.rig.piano.travel_rad

    def servo_positions(self, qpos: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where servos are, shape ``(n_servos,)``; of two joints, the sum. Of ``qvel``, how fast.

        All joints have one degree of freedom: their addresses in both are the same.
        """
        first, second = self.servo_dofs
        return np.asarray(qpos[first] + np.where(first != second, qpos[second], 0.0))

    def posture(self, servo_positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Joint positions with servos there, shape ``(n_joints,)``; of two joints, half in each."""
        first, second = self.servo_dofs
        qpos = np.zeros(self.mj.nq)
        qpos[first] = qpos[second] = np.where(first != second, servo_positions / 2, servo_positions)
        return np.asarray(qpos[self.joint_qpos])


def build_pair(rig: PairRig) -> PairModel:
    """Compile a rig of two hands.

    Untouched keys sleep, which RoboPianist's do not: they would not move.
    """
    spec, forearms = pair_spec(rig)
    return index_pair(spec.compile(), rig, forearms)


def pair_spec(rig: PairRig) -> tuple[mujoco.MjSpec, list[list[str]]]:
    """Describe a rig of two hands; also the names of the shapes of either forearm."""
    spec = mujoco.MjSpec()
    spec.modelname = rig.name
    spec.compiler.degree = False
    spec.compiler.fusestatic = True
    spec.option.timestep = PHYSICS_STEP_S
    spec.option.impratio = IMPRATIO
    spec.option.enableflags |= int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    spec.option.sleep_tolerance = 1e-3
    for key in range(rig.piano.n_keys):
        _add_key(spec, rig, key)
    return spec, [_add_arm(spec, rig, side) for side in SIDES]


def index_pair(mj: mujoco.MjModel, rig: PairRig, forearms: list[list[str]]) -> PairModel:
    """Find the named parts of a compiled rig; ``forearms`` as ``pair_spec`` gives them."""
    hand = rig.hand_data
    joints = [f"{side}_{name}" for side in SIDES for name in hand.joint_names]
    keys = [mj.geom(key_name(key)).id for key in range(rig.piano.n_keys)]
    right, left = (frozenset(mj.geom(name).id for name in names) for names in forearms)
    return PairModel(
        mj=mj,
        rig=rig,
        action_names=(*(mj.actuator(i).name for i in range(mj.nu)), "sustain"),
        action_low=np.append(mj.actuator_ctrlrange[:, 0], 0.0),
        action_high=np.append(mj.actuator_ctrlrange[:, 1], 1.0),
        joint_names=tuple(joints),
        joint_qpos=np.array([mj.joint(name).qposadr[0] for name in joints]),
        key_geoms=np.array(keys),
        key_half_sizes=mj.geom_size[keys],
        fingertip_sites=np.array(
            [mj.site(f"{side}_{tip['body']}").id for side in SIDES for tip in hand.tips]
        ),
        servo_dofs=np.array([_moved(mj, servo) for servo in range(mj.nu)]).T,
        forearm_geoms=(right, left),
    )


def _moved(mj: mujoco.MjModel, servo: int) -> tuple[int, int]:
    """Addresses in ``qvel`` of the one or two joints that a servo moves."""
    target = mj.actuator_trnid[servo, 0]
    if mj.actuator_trntype[servo] == mujoco.mjtTrn.mjTRN_JOINT:
        return (int(mj.jnt_dofadr[target]),) * 2
    first = mj.tendon_adr[target]
    joints = mj.wrap_objid[first : first + 2]
    return int(mj.jnt_dofadr[joints[0]]), int(mj.jnt_dofadr[joints[1]])


def _add_key(spec: mujoco.MjSpec, rig: PairRig, key: int) -> None:
    """A box on a sprung hinge at its back; its frame is at its centre, as RoboPianist's."""
    shape, keys = rig.piano.shape(key), rig.keys
    body = spec.worldbody.add_body(
        name=key_name(key), pos=[shape.body_x, rig.piano.center_y[key], shape.body_z]
    )
    body.add_joint(
        name=key_name(key),
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=[0, 1, 0],
        pos=[shape.hinge_x - shape.body_x, 0, 0],
        range=[0, shape.max_angle_rad],
        limited=True,
        stiffness=[keys.stiffness_nm_per_rad, 0, 0],
        springref=keys.spring_reference_rad,
        damping=[keys.damping_nms_per_rad, 0, 0],
        armature=keys.armature_kgm2,
    )
    body.add_geom(
        name=key_name(key),
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[length / 2 for length in shape.size],
        mass=shape.mass,
        contype=0,
        conaffinity=1,
        solref=[keys.contact_time_constant_s, 1],
    )


def _add_arm(spec: mujoco.MjSpec, rig: PairRig, side: str) -> list[str]:
    """Add a hand with its servos; returns the names of its forearm's shapes."""
    hand = rig.hand_data if side == "right" else rig.hand_data.mirrored()
    place = rig.forearm_m(side)
    mount = spec.worldbody.add_body(name=f"{side}_mount", pos=place, quat=unit(list(rig.quat)))
    half = rig.piano.span_m / 2
    ranges = {slide["name"]: slide["range"] for slide in hand.slides}
    ranges["forearm_tx"] = [-half - place[1], half - place[1]]  # all of the keyboard
    forearm = _add_bodies(mount, hand, side, rig.gravity_compensation, ranges)
    _add_servos(spec, hand, side, ranges)
    for first, second in hand.excludes:
        spec.add_exclude(bodyname1=f"{side}_{first}", bodyname2=f"{side}_{second}")
    return forearm


def _add_bodies(
    mount: mujoco.MjsBody, hand: PairHand, side: str, compensated: bool, ranges: dict[str, Any]
) -> list[str]:
    bodies: dict[str, mujoco.MjsBody] = {}
    tips, forearm = {tip["body"]: tip for tip in hand.tips}, []
    for record in hand.bodies:
        name, quat = record["name"], unit(record["quat"])
        if name in hand.welded:
            quat = turned(quat, *hand.welded[name])
        parent = mount if record["parent"] is None else bodies[record["parent"]]
        body = parent.add_body(name=f"{side}_{name}", pos=record["pos"], quat=quat)
        body.gravcomp = float(compensated)
        add_inertia(body, record)
        if record["parent"] is None:
            for slide in hand.slides:
                _add_slide(body, slide, side, ranges[slide["name"]])
        if name in hand.joints:
            _add_hinge(body, hand.joints[name], side)
        for index, shape in enumerate(record["collision"]):
            geom = add_shape(body, shape)
            geom.name, geom.mass = f"{side}_{name}_{index}", 0.0
            geom.contype = geom.conaffinity = 1
            geom.solref, geom.solimp[:3] = hand.contact["solref"], hand.contact["solimp"]
            if record["parent"] is None:
                forearm.append(geom.name)
        if name in tips:
            body.add_site(name=f"{side}_{name}", pos=tips[name]["pos"])
        bodies[name] = body
    return forearm


def _add_slide(body: mujoco.MjsBody, slide: Record, side: str, limits: list[float]) -> None:
    body.add_joint(
        name=f"{side}_{slide['name']}",
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=slide["axis"],
        range=limits,
        limited=True,
        damping=[slide["damping"], 0, 0],
    )


def _add_hinge(body: mujoco.MjsBody, joint: Record, side: str) -> None:
    body.add_joint(
        name=f"{side}_{joint['name']}",
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=unit(joint["axis"]),
        range=joint["range"],
        limited=True,
        damping=[joint["damping"], 0, 0],
        armature=joint["armature"],
        frictionloss=joint["frictionloss"],
    )


def _add_servos(spec: mujoco.MjSpec, hand: PairHand, side: str, ranges: dict[str, Any]) -> None:
    """Position servos; one that pulls a tendon bends two joints with one torque."""
    for tendon in hand.tendons:
        pulled = spec.add_tendon(name=f"{side}_{tendon['name']}")
        for joint, share in zip(tendon["joints"], tendon["coef"], strict=True):
            pulled.wrap_joint(f"{side}_{joint}", share)
    joint_servo, tendon_servo = mujoco.mjtTrn.mjTRN_JOINT, mujoco.mjtTrn.mjTRN_TENDON
    for servo in hand.servos:
        kind = joint_servo if "joint" in servo else tendon_servo
        target = f"{side}_{servo.get('joint') or servo['tendon']}"
        actuator = spec.add_actuator(name=f"{side}_{servo['name']}", target=target, trntype=kind)
        actuator.set_to_position(kp=servo["kp"])
        actuator.ctrlrange, actuator.ctrllimited = servo["ctrlrange"], True
        actuator.forcerange, actuator.forcelimited = servo["forcerange"], True
    for slide in hand.slides:
        name = f"{side}_{slide['name']}"
        actuator = spec.add_actuator(name=name, target=name, trntype=joint_servo)
        actuator.set_to_position(kp=slide["kp"])
        actuator.ctrlrange, actuator.ctrllimited = ranges[slide["name"]], True

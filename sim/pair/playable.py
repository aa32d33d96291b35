"""Two hands as whoever learns to play them sees them: 38 servos and a pedal, each one joint."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from sim.joints import PEDAL
from sim.key_states import SOUNDS_WITHIN_RAD
from sim.keyboards import Keyboard
from sim.limits import TargetLimits
from sim.pair.model import PairModel, index_pair, pair_spec
from sim.pair.rig import SIDES, PairRig
from sim.playable import PlayableModel

_PEDAL_KG, _PEDAL_RATE_PER_S = 0.1, 100.0


@dataclass(frozen=True, kw_only=True)
class PlayablePair(PlayableModel):
    """A compiled rig of two hands with a pedal that moves; actions as in ``PairEnvironment``.

    The pedal is a light slide from 0, up, to 1, so that it is a joint like any other; whether it is
    down its target says. Motors are as good as the published ones: only joint limits bound targets.

    Attributes:
        pair: the rig without the pedal; addresses in it are also those here.
    """

    rig: PairRig
    pair: PairModel

    @property
    def keyboard(self) -> Keyboard:
        """The keyboard's geometry."""
        return self.rig.piano

    @property
    def limits(self) -> TargetLimits:
        """The ranges of the servos and nothing else."""
        unlimited = np.full(self.n_joints, np.inf)
        return TargetLimits(self.joint_low, self.joint_high, unlimited, unlimited)


def build_playable_pair(rig: PairRig) -> PlayablePair:
    """Compile a rig of two hands to be played; the same physics as ``build_pair``'s."""
    spec, forearms = pair_spec(rig)
    return compile_playable(spec, rig, forearms)


def compile_playable(spec: mujoco.MjSpec, rig: PairRig, forearms: list[list[str]]) -> PlayablePair:
    """Compile a description of two hands with a pedal; ``forearms`` as ``pair_spec`` gives them."""
    pair = index_pair(spec.compile(), rig, forearms)
    _add_pedal(spec)
    _add_forearm_sensor(spec)
    return _index(spec.compile(), rig, pair)


def _index(mj: mujoco.MjModel, rig: PairRig, pair: PairModel) -> PlayablePair:
    pedal, (first, second) = mj.joint(PEDAL), pair.servo_dofs
    coupled = np.flatnonzero(first != second)
    depth = 1.0 - SOUNDS_WITHIN_RAD / pair.key_travel_rad
    # All joints have one degree of freedom: their addresses in qpos and qvel are the same.
    joints = np.append(first, pedal.dofadr[0])
    return PlayablePair(
        mj=mj,
        rig=rig,
        pair=pair,
        joint_names=pair.action_names,
        joint_qpos=joints,
        joint_qvel=joints,
        actuators=np.arange(mj.nu),
        joint_low=pair.action_low,
        joint_high=pair.action_high,
        key_qpos=slice(0, pair.n_keys),
        key_geoms=pair.key_geoms,
        key_travel_rad=pair.key_travel_rad,
        fingertip_sites=pair.fingertip_sites,
        key_trigger=depth,
        key_release=depth,
        joint_offset=np.zeros(mj.nu),
        coupled=coupled,
        coupled_qpos=second[coupled],
        coupled_qvel=second[coupled],
        pedal=mj.nu - 1,
        forearm_sensor=int(mj.sensor("forearms").adr[0]),
    )


def _add_pedal(spec: mujoco.MjSpec) -> None:
    """The last body, so that nothing else moves to another address; critically damped."""
    body = spec.worldbody.add_body(name=PEDAL, gravcomp=1.0)
    body.explicitinertial = True
    body.mass, body.inertia = _PEDAL_KG, [1e-3] * 3  # it only slides: its inertia is never felt
    body.add_joint(
        name=PEDAL,
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=[0, 0, -1],
        range=[0.0, 1.0],
        limited=True,
        damping=[2 * _PEDAL_KG * _PEDAL_RATE_PER_S, 0, 0],
    )
    servo = spec.add_actuator(name=PEDAL, target=PEDAL, trntype=mujoco.mjtTrn.mjTRN_JOINT)
    servo.set_to_position(kp=_PEDAL_KG * _PEDAL_RATE_PER_S**2)
    servo.ctrlrange, servo.ctrllimited = [0.0, 1.0], True


def _add_forearm_sensor(spec: mujoco.MjSpec) -> None:
    """Counts contacts between the forearms: the first body of either hand."""
    right, left = (f"{side}_forearm" for side in SIDES)
    spec.add_sensor(
        name="forearms",
        type=mujoco.mjtSensor.mjSENS_CONTACT,
        objtype=mujoco.mjtObj.mjOBJ_BODY,
        objname=right,
        reftype=mujoco.mjtObj.mjOBJ_BODY,
        refname=left,
        intprm=[1 << mujoco.mjtConDataField.mjCONDATA_FOUND.value, 0, 1],
    )

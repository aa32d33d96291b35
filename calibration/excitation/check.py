"""Playing an excitation in simulation first: may a real hand make this motion?"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray

from calibration.excitation.errors import ExcitationError
from calibration.excitation.excitation import Excitation
from hardware.safety.postures import PostureCheck
from score import CONTROL_STEP_S
from sim import PHYSICS_STEPS_PER_CONTROL, RigModel, Simulator, TargetLimits, key_name, tip_name

Array = NDArray[np.float64]

FORCE_LIMIT_N = 20.0
"""Most that one fingertip may press with, for a moment [N]."""

MISPLACED_M = {
    "": (0.0, 0.0, 0.0),
    "3 mm higher, 5 mm nearer": (0.005, 0.0, 0.003),
    "3 mm lower, 5 mm farther": (-0.005, 0.0, -0.003),
}
"""Where the keyboard may stand, x to the player and z up [m]: 3 mm off each way, 2 mm by yaw."""

_SLACK = 1e-6  # of targets: what limits leave as it is
_FRONTAL = 0.85  # part of a unit normal along the keys above which a tip touches a key's front
_BRUSHED_N = 0.5


def check_excitation(excitation: Excitation, model: RigModel) -> None:
    """Play it on a keyboard that stands right and on two that do not, and look at every step.

    Args:
        excitation: the motion.
        model: the rig, with all that is known of its physics.

    Raises:
        ExcitationError: a target that motors cannot follow, links of fingers that overlap by the
            hand's own collision shapes, a fingertip that runs against the front of a key or presses
            with more than 20 N; it names joint, links or finger, and the time.
    """
    postures = PostureCheck(model.rig)
    for where, offset_m in MISPLACED_M.items():
        _Rehearsal(misplaced(model, offset_m), postures, where).play(excitation)


def misplaced(model: RigModel, offset_m: tuple[float, float, float]) -> RigModel:
    """The same rig, all its keys moved by x, y and z [m]."""
    mj = copy.copy(model.mj)
    for key in range(model.n_keys):
        mj.body_pos[mj.body(key_name(key)).id] += offset_m
    return replace(model, mj=mj)


class Touch(NamedTuple):
    """One fingertip on one key.

    Attributes:
        finger: its name.
        force_n: along the normal [N].
        frontal: part of the normal along the keys, 1 at the front of a key and 0 on top.
    """

    finger: str
    force_n: float
    frontal: float


def touches(model: RigModel, data: mujoco.MjData) -> list[Touch]:
    """What fingertips touch after a physics step."""
    mj, force = model.mj, np.zeros(6)
    tips = {mj.geom(tip_name(finger)).id: finger for finger in model.rig.hand.fingers}
    found = []
    for index in range(data.ncon):
        mujoco.mj_contactForce(mj, data, index, force)
        frontal = abs(float(data.contact.frame[index, 0]))
        touching = set(data.contact.geom[index].tolist()) & set(tips)
        found += [Touch(tips[geom], float(force[0]), frontal) for geom in touching]
    return found


def hardest_press(found: list[Touch]) -> tuple[float, str]:
    """The most that one fingertip presses with on all it touches [N], and which."""
    pressed = dict.fromkeys((touch.finger for touch in found), 0.0)
    for touch in found:
        pressed[touch.finger] += touch.force_n
    return max(((newtons, finger) for finger, newtons in pressed.items()), default=(0.0, ""))


@dataclass(frozen=True)
class _Rehearsal:
    """One performance in simulation.

    Attributes:
        model: where.
        postures: measures how deep fingers are in each other.
        where: its keyboard stands, other than it should; in words.
    """

    model: RigModel
    postures: PostureCheck
    where: str

    def play(self, excitation: Excitation) -> None:
        """Play to the end, or raise at the first step that should not be."""
        plan, simulator = excitation.plan, Simulator(self.model)
        limits = TargetLimits.of(self.model.rig)
        simulator.reset(plan.start)
        before = plan.start
        for row, targets in enumerate(plan.targets):
            when = f"at {row * CONTROL_STEP_S:.2f} s"
            if self.where:
                when += f", the keyboard {self.where}"
            positions = np.array(simulator.joint_positions)
            self._check_targets(targets, limits.limit(targets, before, positions), when)
            self._check_links(positions, when)
            for _ in range(PHYSICS_STEPS_PER_CONTROL):
                simulator.step(targets)
                self._check_touches(touches(self.model, simulator.data), when)
            before = targets

    def _check_targets(self, targets: Array, limited: Array, when: str) -> None:
        cut_off = np.abs(limited - targets)
        if (cut_off > _SLACK).any():
            worst = int(cut_off.argmax())
            raise ExcitationError(
                f"joint {self.model.joint_names[worst]} {when}: the target {targets[worst]:.3f} "
                f"is beyond the limits, which leave {limited[worst]:.3f}: move it less or slower"
            )

    def _check_links(self, positions: Array, when: str) -> None:
        (depth_m, where), _ = self.postures.depths(positions)
        if depth_m > 0.0:
            raise ExcitationError(
                f"{where} {when}: links overlap by {depth_m * 1e3:.1f} mm: keep fingers apart"
            )

    def _check_touches(self, found: list[Touch], when: str) -> None:
        for touch in found:
            if touch.frontal > _FRONTAL and touch.force_n > _BRUSHED_N:
                raise ExcitationError(
                    f"finger {touch.finger} {when}: runs against the front of a key with "
                    f"{touch.force_n:.1f} N: carry it higher"
                )
        newtons, finger = hardest_press(found)
        if newtons > FORCE_LIMIT_N:
            raise ExcitationError(
                f"finger {finger} {when}: presses with {newtons:.1f} N, more than "
                f"{FORCE_LIMIT_N:g} N: press less deep"
            )

"""Playing an excitation in simulation first: may a real hand make this motion?"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

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

MISPLACED_M = (0.0, 0.003, -0.003)
"""How much higher than thought the keyboard may stand [m]."""

_SLACK = 1e-6  # of targets: what limits leave as it is


def check_excitation(excitation: Excitation, model: RigModel) -> None:
    """Play it on keyboards that stand right, 3 mm higher and 3 mm lower, and look at every step.

    Args:
        excitation: the motion.
        model: the rig, with all that is known of its physics.

    Raises:
        ExcitationError: a target that motors cannot follow, links of fingers that overlap by the
            hand's own collision shapes, or a fingertip that presses with more than 20 N; it names
            joint, links or finger, and the time.
    """
    postures = PostureCheck(model.rig)
    for higher_m in MISPLACED_M:
        _Rehearsal(misplaced(model, higher_m), postures, higher_m).play(excitation)


def misplaced(model: RigModel, higher_m: float) -> RigModel:
    """The same rig, all its keys moved up [m]."""
    mj = copy.copy(model.mj)
    for key in range(model.n_keys):
        mj.body_pos[mj.body(key_name(key)).id, 2] += higher_m
    return replace(model, mj=mj)


def tip_forces(model: RigModel, data: mujoco.MjData) -> dict[str, float]:
    """What each playing fingertip presses with [N], by finger."""
    mj, force = model.mj, np.zeros(6)
    pressed = dict.fromkeys(model.rig.hand.fingers, 0.0)
    tips = {mj.geom(tip_name(finger)).id: finger for finger in pressed}
    for index in range(data.ncon):
        mujoco.mj_contactForce(mj, data, index, force)
        for geom in set(data.contact.geom[index].tolist()) & set(tips):
            pressed[tips[geom]] += float(force[0])
    return pressed


@dataclass(frozen=True)
class _Rehearsal:
    """One performance in simulation.

    Attributes:
        model: where.
        postures: measures how deep fingers are in each other.
        higher_m: how much higher than thought its keyboard stands [m].
    """

    model: RigModel
    postures: PostureCheck
    higher_m: float

    def play(self, excitation: Excitation) -> None:
        """Play to the end, or raise at the first step that should not be."""
        plan, simulator = excitation.plan, Simulator(self.model)
        limits = TargetLimits.of(self.model.rig)
        simulator.reset(plan.start)
        before = plan.start
        for row, targets in enumerate(plan.targets):
            when = f"at {row * CONTROL_STEP_S:.2f} s"
            if self.higher_m:
                when += f", the keyboard {self.higher_m * 1e3:+.0f} mm from where it should be"
            positions = np.array(simulator.joint_positions)
            self._check_targets(targets, limits.limit(targets, before, positions), when)
            self._check_links(positions, when)
            for _ in range(PHYSICS_STEPS_PER_CONTROL):
                simulator.step(targets)
                self._check_forces(simulator.data, when)
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

    def _check_forces(self, data: mujoco.MjData, when: str) -> None:
        if not data.ncon:
            return
        pressed = tip_forces(self.model, data)
        hardest = max(pressed, key=lambda finger: pressed[finger])
        if pressed[hardest] > FORCE_LIMIT_N:
            raise ExcitationError(
                f"finger {hardest} {when}: presses with {pressed[hardest]:.1f} N, more than "
                f"{FORCE_LIMIT_N:g} N: press less deep"
            )

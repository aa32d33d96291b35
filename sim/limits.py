"""The one function through which every joint target goes, simulated or real."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from score import CONTROL_STEP_S
from sim.errors import SimError
from sim.rig import Rig

Array = NDArray[np.float64]

AHEAD_S = 3 * CONTROL_STEP_S
"""How long a target may have to last [s]: the control step it is held for, one of delay between
reading a joint and acting on it (more than any world has), and one whose answer is missed."""


def limit_targets(targets: Array, low: Array, high: Array, out: Array | None = None) -> Array:
    """Joint targets within the joint limits.

    Args:
        targets: shape ``(..., n)`` [m for the rail, rad].
        low: lower joint limits, shape ``(n,)``.
        high: upper joint limits, shape ``(n,)``.
        out: where to put the result, if not in a new array.

    Raises:
        SimError: a target is not finite, or there are not as many as joints.
    """
    if targets.shape[-1] != len(low):
        raise SimError(f"{targets.shape[-1]} joint targets for {len(low)} joints")
    if not math.isfinite(np.vdot(targets, targets)):  # one call, for this is in every step
        raise SimError("a joint target is not finite: the policy that made it is broken")
    return np.minimum(np.maximum(targets, low), high, out=out)


@dataclass(frozen=True)
class TargetLimits:
    """What a rig's motors can make of a target: position, step, speed and current.

    Limits take away only what no motor could follow, so they change no motion of a sound rig: a
    target beyond ``reach`` pulls with full force for as long as it may last, and so does one at
    ``reach``. What they do change is where a hand ends up whose policy, reading or bus failed.
    Nothing is smoothed: a ramp between control steps costs 0.09 frame F1, a step at no-load speed
    0.1 (design notes, §4). docs/limits.md has the numbers, and what plans use of them.

    Attributes:
        low: lower joint limits, shape ``(n,)`` [m for the rail, rad].
        high: upper joint limits, shape ``(n,)``.
        reach: how far a target may lie from where its joint is, shape ``(n,)``: as far as full
            force takes (current), plus the way at no-load speed in ``AHEAD_S`` (speed).
        step: how far a target may lie from the one before, shape ``(n,)``: from ``reach`` on one
            side of the joint to ``reach`` on the other. It binds where a position is misread.
    """

    low: Array
    high: Array
    reach: Array
    step: Array
    _per_reach: Array = field(init=False, repr=False)
    _per_step: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_per_reach", 1 / self.reach)
        object.__setattr__(self, "_per_step", 1 / self.step)

    @classmethod
    def of(cls, rig: Rig) -> TargetLimits:
        """The limits of a rig with its nominal dynamics, joints in action order."""
        ranges = [rig.rail.range_m, *(rig.hand_data.joint_range(j) for j in rig.joint_names[1:])]
        low, high = np.array(ranges).T.copy()
        reach = _full_force_error(rig) + _per_joint(rig, *_speeds(rig)) * AHEAD_S
        return cls(low, high, reach, 2 * reach)

    def limit(
        self, targets: Array, before: Array, positions: Array, out: Array | None = None
    ) -> Array:
        """Joint targets as they may be sent. Joint limits win over reach, reach over step.

        Args:
            targets: shape ``(..., n)`` [m for the rail, rad].
            before: targets that were sent last, the same shape.
            positions: where the joints are, the same shape.
            out: where to put the result, if not in a new array; may be one of the others.

        Raises:
            SimError: a target or a position is not finite, or there are not as many as joints.
        """
        if targets.shape[-1] != len(self.low):
            raise SimError(f"{targets.shape[-1]} joint targets for {len(self.low)} joints")
        reach = (targets - positions) * self._per_reach
        step = (targets - before) * self._per_step
        # If the squares add up to less than 1 none is beyond: two calls, for a step's usual case.
        # What is not a number fails the comparison.
        if np.vdot(reach, reach) < 1 and np.vdot(step, step) < 1:
            return np.minimum(np.maximum(targets, self.low), self.high, out=out)
        return self._shape(targets, before, positions, out)

    def _shape(self, targets: Array, before: Array, positions: Array, out: Array | None) -> Array:
        """The whole of it, without the short cut."""
        if not math.isfinite(np.vdot(targets, targets)):
            raise SimError("a joint target is not finite: the policy that made it is broken")
        if not math.isfinite(np.vdot(positions, positions)):
            raise SimError("a joint position is not finite: check the rig's joint states")
        near = np.minimum(np.maximum(targets, before - self.step), before + self.step)
        near = np.minimum(np.maximum(near, positions - self.reach), positions + self.reach)
        return limit_targets(near, self.low, self.high, out)


def _full_force_error(rig: Rig) -> Array:
    """Target minus position at which a servo gives all its force, even at no-load speed."""
    finger, rail = rig.finger, rig.rail
    limits = _per_joint(rig, rail.force_limit_n, finger.torque_limit_nm)
    stiffness = _per_joint(rig, rail.stiffness_n_per_m, finger.stiffness_nm_per_rad)
    damping = _per_joint(rig, rail.damping_ns_per_m, finger.damping_nms_per_rad)
    speed = _per_joint(rig, *_speeds(rig))
    gain_damping = np.maximum(damping - limits / speed, 0.0)  # total minus back-EMF
    return np.asarray((limits + gain_damping * speed) / stiffness)


def _speeds(rig: Rig) -> tuple[float, float]:
    return rig.rail.no_load_speed_m_per_s, rig.finger.no_load_speed_rad_per_s


def _per_joint(rig: Rig, rail: float, finger: float) -> Array:
    return np.array([rail, *[finger] * (len(rig.joint_names) - 1)])

"""What a learned policy sees: named observations flattened into one vector, and what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.planner import Plan
from score import CONTROL_STEP_S, LOOKAHEAD, Goals
from sim import by_kind, limit_targets

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

HISTORY = 3
"""Past actions a policy sees: enough to cover a command delay of two control steps."""
PLAN_ROWS = 3
"""Rows of the plan's references a policy sees."""
SPEED_SCALE = 0.1
"""Of joint velocities [s/m, s/rad]."""
PLAN_SCALE = 3.0
"""Of what separates joints from the plan [1/m, 1/rad]."""
_KEY_MARGIN = 2
_SLIDE_RESIDUAL_M, _HINGE_RESIDUAL_RAD = 0.006, 0.15


@dataclass(frozen=True)
class Part:
    """What features are made of: one song with its plan on one rig.

    Attributes:
        joint_low: lower joint limits, shape ``(n,)`` [m for the rail, rad].
        joint_high: upper joint limits, shape ``(n,)``.
        keys: goal rows, shape ``(T, n_keys)`` bool.
        references: the plan's joint positions, shape ``(T, n)``.
        targets: the plan's joint targets, shape ``(T, n)``.
    """

    joint_low: Array
    joint_high: Array
    keys: NDArray[np.bool_]
    references: Array
    targets: Array

    @classmethod
    def of(cls, low: Array, high: Array, goals: Goals, plan: Plan) -> Part:
        """The part of a planned song."""
        return cls(low, high, goals.keys, plan.references, plan.targets)


class Actions:
    """What an action in [-1, 1] means: a correction of the plan, or a place in the joint range.

    Attributes:
        part: the planned song.
        residual: whether actions correct the plan.
        scale: the largest corrections, shape ``(n,)`` [m, rad].
        middle: of the joint ranges, shape ``(n,)``.
        half: of the joint ranges' widths.
    """

    def __init__(self, part: Part, joint_names: Sequence[str], residual: bool) -> None:
        self.part, self.residual = part, residual
        # The pedal's residual is 0: its plan is the score's, and cannot be bettered.
        self.scale = by_kind(joint_names, slide=_SLIDE_RESIDUAL_M, hinge=_HINGE_RESIDUAL_RAD)
        self.middle = 0.5 * (part.joint_low + part.joint_high)
        self.half = 0.5 * (part.joint_high - part.joint_low)

    def targets(self, actions: NDArray[Any], rows: NDArray[np.intp]) -> Array:
        """Joint targets, shape ``(..., n)``, of actions of that shape at control steps ``rows``."""
        if self.residual:
            plan = self.part.targets[np.minimum(rows, len(self.part.targets) - 1)]
            targets = plan + self.scale * actions
        else:
            targets = self.middle + self.half * actions
        return limit_targets(targets, self.part.joint_low, self.part.joint_high)


class Features:
    """Flattens observations; the same code for a thousand simulated hands and for one real one.

    Attributes:
        blocks: where each named block lies in the vector.
        size: length of the vector.
        keys: which keys are seen.
        middle: of the joint ranges, shape ``(n,)`` [m, rad].
        half: of the joint ranges' widths.
        last: rows of the song.
        goal: rows of the keys that are ever due, silence after the end, shape ``(T + 11, d)``.
        references: the plan's joint positions, the last one held, shape ``(T + 4, n)``.
        targets: the plan's joint targets, the last one held, shape ``(T + 2, n)``.
    """

    def __init__(self, part: Part) -> None:
        n, n_keys = len(part.joint_low), part.keys.shape[1]
        due = np.flatnonzero(part.keys.any(axis=0))  # the goals of other keys would never change
        low, high = int(due[0]) - _KEY_MARGIN, int(due[-1]) + _KEY_MARGIN
        self.keys = slice(max(low, 0), min(high + 1, n_keys))
        width = self.keys.stop - self.keys.start
        self.middle = 0.5 * (part.joint_low + part.joint_high)
        self.half = 0.5 * (part.joint_high - part.joint_low)
        self.last = len(part.keys)
        self.goal = np.concatenate([part.keys[:, due], np.zeros((LOOKAHEAD + 1, len(due)), bool)])
        self.references = _held(part.references, PLAN_ROWS)
        self.targets = _held(part.targets, 1)
        sizes = {
            "joint_positions": n,
            "joint_velocities": n,
            "actions": HISTORY * n,
            "keys": width,
            "goal": (LOOKAHEAD + 1) * len(due),
            "plan_references": PLAN_ROWS * n,
            "plan_targets": n,
            "phase": 1,
        }
        ends = np.cumsum(list(sizes.values())).tolist()
        self.blocks = {
            name: slice(end - size, end)
            for (name, size), end in zip(sizes.items(), ends, strict=True)
        }
        self.size = int(ends[-1])

    def __call__(
        self, observation: Mapping[str, NDArray[Any]], actions: NDArray[Any], out: Floats
    ) -> Floats:
        """Write the features of ``N`` hands into ``out``.

        Args:
            observation: arrays as ``sim.BatchedEnvironment`` makes them, leading axis ``N``.
            actions: past actions, newest first, shape ``(N, HISTORY, n)``.
            out: shape ``(N, size)`` float32.

        Returns:
            ``out``.
        """
        blocks, count = self.blocks, len(out)
        positions = observation["joint_positions"]
        rows = np.rint(observation["score_time_s"][:, 0] / CONTROL_STEP_S).astype(np.intp)
        np.clip(rows, 0, self.last, out=rows)
        out[:, blocks["joint_positions"]] = (positions - self.middle) / self.half
        out[:, blocks["joint_velocities"]] = observation["joint_velocities"] * SPEED_SCALE
        out[:, blocks["actions"]] = actions.reshape(count, -1)
        out[:, blocks["keys"]] = observation["keys"][:, self.keys]
        goal = self.goal[rows[:, None] + np.arange(LOOKAHEAD + 1)]
        out[:, blocks["goal"]] = goal.reshape(count, -1)
        ahead = self.references[rows[:, None] + np.arange(PLAN_ROWS)] - positions[:, None]
        out[:, blocks["plan_references"]] = PLAN_SCALE * ahead.reshape(count, -1)
        out[:, blocks["plan_targets"]] = PLAN_SCALE * (self.targets[rows] - positions)
        out[:, blocks["phase"]] = (rows / self.last)[:, None]
        return out


def _held(rows: Array, beyond: int) -> Array:
    """Rows with the last one repeated past the end."""
    return np.concatenate([rows, np.repeat(rows[-1:], beyond + 1, axis=0)])

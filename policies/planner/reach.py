"""What each finger reaches beside the hand: a table over lateral offsets, made by kinematics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.planner.kinematics import Finger
from policies.planner.parameters import PlanParameters
from sim import Rig

Array = NDArray[np.float64]

_GRID_M = np.arange(-0.13, 0.1301, 0.002)
_TOLERANCE_M = 0.0015
"""A tip this close to its point still strikes the key."""


@dataclass(frozen=True)
class Reach:
    """Lateral reach of the playing fingers; offsets are key y minus rail position.

    Attributes:
        neutral_y: offset at which a finger strikes without leaning sideways [m], shape
            ``(fingers,)``.
        low: smallest offset at which a finger strikes, shape ``(fingers, 2)``: white, black [m];
            inf for a finger that reaches no key of that colour.
        high: largest such offset, shape ``(fingers, 2)`` [m]; -inf for such a finger.
    """

    neutral_y: Array
    low: Array
    high: Array


def key_points(rig: Rig, parameters: PlanParameters) -> Array:
    """Tip centres that touch each key's top at rest, shape ``(n_keys, 3)`` [m]."""
    keyboard = rig.keyboard
    x = np.where(keyboard.black, parameters.strike_x_black_m, parameters.strike_x_white_m)
    top = np.where(keyboard.black, keyboard.black_shape.top_z, keyboard.white_shape.top_z)
    return np.stack([x, keyboard.center_y, top + rig.hand.tip_radius_m], axis=-1)


def measure_reach(rig: Rig, parameters: PlanParameters) -> Reach:
    """Strike a white and a black key at every lateral offset and see which tips get there."""
    fingers = [Finger(rig, index) for index in range(len(rig.hand.fingers))]
    keyboard = rig.keyboard
    low, high = np.empty((len(fingers), 2)), np.empty((len(fingers), 2))
    neutral = np.empty(len(fingers))
    for index, finger in enumerate(fingers):
        for black in (0, 1):
            shape = keyboard.black_shape if black else keyboard.white_shape
            x = parameters.strike_x_black_m if black else parameters.strike_x_white_m
            pressed_z = shape.top_z + rig.hand.tip_radius_m - 0.006
            points = np.stack(
                [np.full(len(_GRID_M), x), _GRID_M, np.full(len(_GRID_M), pressed_z)], axis=-1
            )
            pitch = parameters.pitch_black_rad if black else parameters.pitch_white_rad
            joints = finger.inverse(points, np.full(len(points), pitch))
            reached = np.linalg.norm(finger.forward(joints).point - points, axis=1) < _TOLERANCE_M
            low[index, black] = _GRID_M[reached].min(initial=np.inf)
            high[index, black] = _GRID_M[reached].max(initial=-np.inf)
            if not black:
                lean = np.abs(joints[:, finger.lateral]).sum(axis=1)
                neutral[index] = _GRID_M[np.where(reached, lean, np.inf).argmin()]
    return Reach(neutral, low, high)

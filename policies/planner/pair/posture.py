"""How a hand likes to be held, and how quickly its joints may move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.kinematics import HandKinematics
from policies.planner.pair.parameters import PairPlanParameters

Floats = NDArray[np.float64]

_REST_AND_SPREAD = {
    "WRJ2": (0.0, 0.25),
    "WRJ1": (0.25, 0.15),
    "THJ4": (0.3, 0.6),
    "THJ3": (0.0, 0.3),
    "THJ2": (0.2, 0.5),
    "J4": (0.0, 0.3),
    "J3": (0.7, 0.6),
    "J0": (0.9, 0.8),
    "forearm_tx": (0.0, 1e3),  # anywhere along the keys
    "forearm_ty": (0.0, 0.04),
}
"""Posture at rest, a hand over white keys with round fingers, and how freely joints leave it."""

_FINGER_ACCELERATION_RAD, _FINGER_SPEED_RAD = 0.35, 0.3
_TOWARDS_ACCELERATION_M, _TOWARDS_SPEED_M = 0.004, 0.01


@dataclass(frozen=True)
class Posture:
    """Preferences of a hand's joints, each of shape ``(n,)`` [rad, m for slides].

    Attributes:
        rest: posture at rest.
        spread: distance from it that costs 1.
        acceleration: change of speed from step to step that costs 1, per step.
        speed: way from step to step that costs 1.
    """

    rest: Floats
    spread: Floats
    acceleration: Floats
    speed: Floats


def posture_of(hand: HandKinematics, parameters: PairPlanParameters) -> Posture:
    """Preferences of a hand."""
    rest, spread = np.array([_of_kind(name) for name in hand.joint_names]).T
    motion = np.array([_motion(name, parameters) for name in hand.joint_names]).T
    return Posture(rest, spread, motion[0], motion[1])


def _of_kind(name: str) -> tuple[float, float]:
    return _REST_AND_SPREAD.get(name) or _REST_AND_SPREAD[name[-2:]]


def _motion(name: str, parameters: PairPlanParameters) -> tuple[float, float]:
    """Acceleration and speed: a forearm is slow, a wrist moves all fingers, fingers are quick."""
    if name == "forearm_tx":
        return parameters.forearm_acceleration_m, parameters.forearm_speed_m
    if name == "forearm_ty":
        return _TOWARDS_ACCELERATION_M, _TOWARDS_SPEED_M
    if name.startswith("WRJ"):
        return parameters.wrist_acceleration_rad, parameters.wrist_speed_rad
    return _FINGER_ACCELERATION_RAD, _FINGER_SPEED_RAD

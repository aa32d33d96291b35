"""Timing and height parameters of the planner: one set a rig, shared by all songs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import numpy as np
import yaml
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PlanParameters:
    """How a hand plays; found by ``scripts/tune_planner.py``, SI units.

    Attributes:
        strike_x_white_m: where white keys are struck, along the key from its centre to the player.
        strike_x_black_m: the same for black keys.
        pitch_white_rad: angle of the last link below the horizontal on white keys.
        pitch_black_rad: the same on black keys.
        depth: how far keys are pressed, as a fraction of their travel.
        hover_m: height of an idle tip above the keys.
        ready_m: height of a tip about to strike.
        lift_m: height of a tip that has just released.
        hop_m: height of a tip that moves to the next key without a rest between; below zero it
            leaves so late that the key still sounds until the next one does.
        ready_steps: control steps a tip waits above its key before it strikes.
        approach_steps: control steps from idling to that wait.
        rise_steps: control steps a tip stays over the key it released.
        hop_steps: control steps that a same-finger move takes from the end of the note before.
        hop_share: how far sideways such a tip is by the end of the note before.
        hop_depth: how far keys are pressed just before and just after such a move.
        lead_gain: share of the servo's lag that commands make up for.
        force_gain: share of the key's force that commands make up for.
        friction_gain: share of the joint friction that commands make up for.
        link_gap_m: least sideways distance of neighbouring tips, so that links this wide do not
            press against each other; tips alone, which pass in front of each other, need less.
        lean_cost: fingering cost of a finger stretched 15 mm from its neutral place.
        same_finger_cost: fingering cost of one finger moving to another key without a rest.
        substitution_cost: fingering cost of another finger repeating a key after a rest; without
            one it would push the first off the key.
    """

    strike_x_white_m: float = 0.034
    strike_x_black_m: float = 0.006
    pitch_white_rad: float = 1.5
    pitch_black_rad: float = 0.9
    depth: float = 0.75
    hover_m: float = 0.0155
    ready_m: float = 0.0005
    lift_m: float = 0.005
    hop_m: float = 0.0011
    ready_steps: int = 2
    approach_steps: int = 8
    rise_steps: int = 4
    hop_steps: int = 1
    hop_share: float = 0.5
    hop_depth: float = 0.75
    lead_gain: float = 1.25
    force_gain: float = 1.06
    friction_gain: float = 0.16
    link_gap_m: float = 0.0
    lean_cost: float = 0.3
    same_finger_cost: float = 10.0
    substitution_cost: float = 4.0


_TIP_GAP_M = 0.0215
"""Least distance of neighbouring tips: their diameter and a margin."""


def sideways_gap(ahead_m: Array, parameters: PlanParameters, fingers: int = 1) -> Array:
    """How far apart sideways tips must be [m], ``fingers`` places from each other on the hand.

    Args:
        ahead_m: how far one is in front of the other, any shape [m].
        parameters: of the rig.
        fingers: 1 for neighbours.
    """
    tips = np.sqrt(np.maximum((fingers * _TIP_GAP_M) ** 2 - ahead_m**2, 0.0))
    return np.asarray(np.maximum(tips, fingers * parameters.link_gap_m))


def load_parameters(rig_name: str) -> PlanParameters:
    """The tuned parameters of a rig; the defaults for a rig that was never tuned."""
    file = resources.files("policies") / "planner" / "tuned" / f"{rig_name}.yaml"
    if not file.is_file():
        return PlanParameters()
    values = yaml.safe_load(file.read_text())
    return PlanParameters(**values)

"""What a rig can play at all, for checking a score before anything is planned."""

from __future__ import annotations

import numpy as np

from policies.planner.parameters import load_parameters
from policies.planner.reach import measure_reach
from score import CONTROL_STEP_S, PlayingLimits
from sim import Rig

SHORTEST_REPEAT_S = 2 * CONTROL_STEP_S
"""A key is down for one control step and up for one before it sounds again."""


def playing_limits(rig: Rig) -> PlayingLimits:
    """Range, reach and speed of a rig's hand over its keyboard."""
    reach = measure_reach(rig, load_parameters(rig.name))
    keyboard = rig.keyboard
    white = keyboard.center_y[~keyboard.black]
    return PlayingLimits(
        lowest_pitch=keyboard.lowest_pitch,
        highest_pitch=keyboard.highest_pitch,
        n_fingers=len(rig.hand.fingers),
        max_span_m=float(np.nanmax(reach.high) - np.nanmin(reach.low)),
        min_tip_distance_m=2 * rig.hand.tip_radius_m,
        max_hand_speed_m_s=rig.rail.no_load_speed_m_per_s,
        min_repeat_s=SHORTEST_REPEAT_S,
        white_key_spacing_m=float(np.median(np.diff(white))),
    )

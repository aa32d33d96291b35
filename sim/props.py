"""What a picture shows besides the rig's moving parts: the instrument's case and the rail."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.model import build_model
from sim.rig import Rig
from sim.shapes import Color, add_box

TABLE_M = -0.028
"""Height of the table under the instrument [m]."""

_CASE: Color = (0.13, 0.135, 0.15, 1.0)
_FELT: Color = (0.45, 0.09, 0.12, 1.0)
_METAL: Color = (0.66, 0.68, 0.71, 1.0)
_CARRIAGE: Color = (0.24, 0.27, 0.33, 1.0)

_GAP_M = 0.002  # between keys and case
_CHEEK_M, _PANEL_M, _LIP_M = 0.034, 0.05, 0.012  # width beside, depth behind, depth before the keys
_BEAM_M = np.array([0.02, 0.03])  # depth and height of the rail
_REACH_M = 0.05  # from the palm to the middle of the rail


def add_case(spec: mujoco.MjSpec, rig: Rig) -> None:
    """A slab under the keys, cheeks beside them, a panel and a strip of felt behind them."""
    low, high = _keys_bounds(rig)
    back, front = low[0] - _GAP_M - _PANEL_M, high[0] + _LIP_M
    left, right = low[1] - _GAP_M, high[1] + _GAP_M
    black_top = rig.keyboard.black_shape.top_z
    outer_left, outer_right = left - _CHEEK_M, right + _CHEEK_M
    parts = (
        # The keys' fronts dip by their travel, so the slab stays below.
        ((back, outer_left, TABLE_M), (front, outer_right, -0.012), _CASE),
        ((back, outer_left, TABLE_M), (back + _PANEL_M, outer_right, black_top + 0.004), _CASE),
        ((back, outer_left, TABLE_M), (front, left, high[2] + 0.006), _CASE),
        ((back, right, TABLE_M), (front, outer_right, high[2] + 0.006), _CASE),
        ((low[0] - _GAP_M, left, high[2]), (low[0], right, black_top - 0.002), _FELT),
    )
    for corner, opposite, color in parts:
        add_box(spec, spec.worldbody, corner, opposite, color)


def add_rail(spec: mujoco.MjSpec, rig: Rig) -> None:
    """A beam along the keys on two posts, and the carriage on it that holds the palm."""
    low, high = _keys_bounds(rig)
    palm_low, palm_high = _palm_bounds(rig)
    x = palm_high[0] + _REACH_M
    y, z = (palm_low[1:] + palm_high[1:]) / 2
    depth, height = _BEAM_M / 2
    left, right = low[1] - 0.05, high[1] + 0.05
    world, carriage = spec.worldbody, spec.body("carriage")
    add_box(spec, world, (x - depth, left, z - height), (x + depth, right, z + height), _METAL)
    for end in (left, right - 2 * depth):
        foot, top = (x - depth, end, TABLE_M), (x + depth, end + 2 * depth, z - height)
        add_box(spec, world, foot, top, _METAL)
    arm, block = np.array([0.0, 0.02, 0.012]), np.array([depth, 0.036, height]) + 0.007
    middle = np.array([x, y, z])
    add_box(spec, carriage, middle - block, middle + block, _CARRIAGE)
    add_box(spec, carriage, (palm_high[0] - 0.01, *(middle - arm)[1:]), middle + arm, _METAL)


def _keys_bounds(rig: Rig) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest corner of the white keys at rest [m]."""
    board = rig.keyboard
    white = board.white_shape
    half = np.array(white.size) / 2
    low = np.array([white.body_x, board.center_y[0], white.body_z]) - half
    high = np.array([white.body_x, board.center_y[-1], white.body_z]) + half
    return low, high


def _palm_bounds(rig: Rig) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest corner of the shapes fixed to the carriage at rail position 0 [m]."""
    mj = build_model(rig, visuals=True).mj
    data = mujoco.MjData(mj)
    mujoco.mj_kinematics(mj, data)
    shapes = np.flatnonzero(mj.geom_bodyid == mj.body("carriage").id)
    turned = np.abs(data.geom_xmat[shapes].reshape(-1, 3, 3))
    half = (turned @ mj.geom_aabb[shapes, 3:, None])[..., 0]
    return (data.geom_xpos[shapes] - half).min(axis=0), (data.geom_xpos[shapes] + half).max(axis=0)

"""How far fingertips stay from a key that they do not touch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.residuals.replayer import Replay
from sim import key_name

Floats = NDArray[np.float64]


def gap_in_travels(replay: Replay, key: int, steps: slice) -> float:
    """Least distance between any fingertip and a key at rest, over the travel of its front.

    It goes on where depth ends: of a key that is never touched, depth does not say how much is
    missing, so nothing would lead a fit to it.

    Args:
        replay: With the paths of the fingertips.
        key: Which key.
        steps: Physics steps to look at.

    Returns:
        In travels; 0 where a tip touches it.
    """
    model, shape = replay.model, replay.model.rig.keyboard.shape(key)
    body, geom = model.mj.body(key_name(key)), model.key_geoms[key]
    cos, sin = 1 - 2 * body.quat[3] ** 2, 2 * body.quat[0] * body.quat[3]  # of a turn about z
    x, y, z = np.moveaxis(replay.tips[steps] - body.pos, -1, 0)
    local = np.stack([cos * x + sin * y, cos * y - sin * x, z], axis=-1) - model.mj.geom_pos[geom]
    outside = np.maximum(np.abs(local) - model.mj.geom_size[geom], 0.0)
    away_m = np.linalg.norm(outside, axis=-1).min() - model.rig.hand.tip_radius_m
    lever_m = shape.body_x + shape.size[0] / 2 - shape.hinge_x
    return max(float(away_m) / (lever_m * float(model.key_travel_rad[key])), 0.0)

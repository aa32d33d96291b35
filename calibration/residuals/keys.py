"""When keys begin and cease to sound in a replay, between physics steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.residuals.replayer import Replay
from sim import PHYSICS_STEP_S

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Crossings:
    """Keys crossing their trigger or release points, in order of keys, then time.

    Attributes:
        time_s: Since the start of the segment, shape `(c,)` [s].
        keys: Shape `(c,)`.
        down: Whether the key was pressed, shape `(c,)` bool.
    """

    time_s: Floats
    keys: NDArray[np.intp]
    down: NDArray[np.bool_]


def crossings(replay: Replay) -> Crossings:
    """Crossings by the rule of the simulator, but between its steps: smooth in the parameters.

    Between two physics steps a key moves evenly, as MuJoCo's integrator has it.
    """
    model, sounding = replay.model, replay.segment.sounding
    active = np.flatnonzero(sounding | (replay.depths.max(axis=0) >= model.key_trigger))
    depth = replay.depths[:, active]
    trigger, release = model.key_trigger[active], model.key_release[active]
    side = (depth >= trigger).astype(np.int8) - (depth < release)
    side[0] = np.where(sounding[active], 1, -1)
    last = np.where(side != 0, np.arange(len(depth))[:, None], 0)
    above = np.take_along_axis(side, np.maximum.accumulate(last, axis=0), axis=0) > 0
    key, step = np.nonzero((above[1:] != above[:-1]).T)
    down = above[step + 1, key]
    point = np.where(down, trigger[key], release[key])
    before, after = depth[step, key], depth[step + 1, key]
    share = (point - before) / np.where(after == before, 1.0, after - before)
    time_s = np.asarray((step + np.clip(share, 0.0, 1.0)) * PHYSICS_STEP_S, np.float64)
    return Crossings(time_s, active[key], down)

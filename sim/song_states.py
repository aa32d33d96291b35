"""States that a rig goes through in a song, to start episodes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.playable import PlayableModel
from sim.simulator import Simulator

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SongStates:
    """States that a rig goes through in a song, to start episodes from; row r is before step r.

    Attributes:
        qpos: shape ``(T, nq)``.
        qvel: shape ``(T, nv)``.
        sounding: shape ``(T, n_keys)`` bool.
        targets: joint targets held until then, shape ``(T, n_joints)``.
    """

    qpos: Floats
    qvel: Floats
    sounding: NDArray[np.bool_]
    targets: Floats


def record_states(model: PlayableModel, start: Floats, targets: Floats) -> SongStates:
    """Play joint targets, shape ``(T, n_joints)``, and note every state on the way."""
    simulator = Simulator(model)
    simulator.reset(start)
    rows = []
    for held in targets:
        data = simulator.data
        rows.append((data.qpos.copy(), data.qvel.copy(), simulator.keys_down.copy()))
        simulator.advance(held)
    qpos, qvel, sounding = (np.array(column) for column in zip(*rows, strict=True))
    return SongStates(qpos, qvel, sounding, np.concatenate([start[None], targets[:-1]]))

"""Replaying what was sent under many sets of physics parameters at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.residuals.segment import Segment
from sim import PhysicsParameters, Rig

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Replay:
    """What one set of parameters makes of one segment: at its start and after every physics step.

    Attributes:
        segment: Whose targets were sent.
        parameters: The set.
        state_delay_s: How old joint states are when they are read [s].
        positions: What the encoders have, shape `(steps + 1, n)` [m for the rail, rad].
        depths: How far keys are down, in travels, shape `(steps + 1, n_keys)`.
    """

    segment: Segment
    parameters: PhysicsParameters
    state_delay_s: float
    positions: Floats
    depths: Floats


class Replayer:
    """Replays segments in the simulator, all parameter sets and segments in one batch.

    Args:
        rig: Whose segments they are.
        segments: What to replay.
        threads: Number of threads, 0 for one a core.

    Raises:
        CalibrationError: No segments, or more than 60 s of them.
    """

    def __init__(self, rig: Rig, segments: Sequence[Segment], threads: int = 0) -> None:
        self.rig, self.segments = rig, tuple(segments)
        self._threads = threads

    def replay(
        self, parameter_sets: Sequence[PhysicsParameters], state_delay_s: ArrayLike
    ) -> list[tuple[Replay, ...] | None]:
        """Replay all segments with every set.

        Args:
            parameter_sets: `k` sets for the rig.
            state_delay_s: Age of the joint states of each set, shape `(k,)` or one for all [s].

        Returns:
            For each set, one replay a segment; None where keys would rest pressed or not come
            back, so that nobody could play.
        """
        raise NotImplementedError

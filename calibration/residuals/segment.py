"""A piece of a recording worth replaying: what was sent, read and heard, on one clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import PHYSICS_STEP_S

Floats = NDArray[np.float64]

LONGEST_S = 60.0
"""Most that is replayed in one trial, however much was recorded [s]."""


@dataclass(frozen=True, eq=False)
class Segment:
    """A piece of a recording. Times are seconds since its start, as measured; none is an index.

    Replay begins `warm_up_s` before what is compared: by then it has forgotten how it began. It
    goes on for `tail_s` after it: a simulated key that is late is late, and not missed.

    Attributes:
        name: Of the recording, and where in it: `ode_to_joy@12.3s`.
        duration_s: Length, warm-up and tail included [s].
        warm_up_s: What is replayed at the start but not compared [s].
        tail_s: What is replayed at the end but not compared [s].
        start_positions: What the encoders read at the start, shape `(n,)` [m for the rail, rad].
        start_velocities: Shape `(n,)` [m/s for the rail, rad/s].
        state_time_s: When joint states were read, shape `(t,)`; all within the segment.
        positions: Shape `(t, n)` [m for the rail, rad].
        velocities: Shape `(t, n)` [m/s for the rail, rad/s]; NaN where nothing told them.
        efforts: Shape `(t, n)` [N for the rail, Nm]; NaN where nothing told them.
        target_time_s: When targets were sent, shape `(m,)`, rising; those before the start that
            may still be under way are among them, the first is in force before all others.
        targets: Shape `(m, n)` [m for the rail, rad].
        event_time_s: When keys crossed their trigger or release points, shape `(e,)`.
        event_keys: Shape `(e,)`.
        event_down: Whether it was pressed, shape `(e,)`.
        sounding: Which keys sound at the start, shape `(n_keys,)` bool.
    """

    name: str
    duration_s: float
    warm_up_s: float
    tail_s: float
    start_positions: Floats
    start_velocities: Floats
    state_time_s: Floats
    positions: Floats
    velocities: Floats
    efforts: Floats
    target_time_s: Floats
    targets: Floats
    event_time_s: Floats
    event_keys: NDArray[np.intp]
    event_down: NDArray[np.bool_]
    sounding: NDArray[np.bool_]

    @property
    def steps(self) -> int:
        """Physics steps that a replay takes."""
        return int(np.ceil(round(self.duration_s / PHYSICS_STEP_S, 6)))

    @property
    def compared_s(self) -> float:
        """Length of what is compared [s]."""
        return self.duration_s - self.warm_up_s - self.tail_s

    @property
    def compared_states(self) -> NDArray[np.bool_]:
        """Which joint states are compared with the simulated ones, shape `(t,)`."""
        return self._compared(self.state_time_s)

    @property
    def compared_events(self) -> NDArray[np.bool_]:
        """Which key events are compared with the simulated ones, shape `(e,)`."""
        return self._compared(self.event_time_s)

    def _compared(self, time_s: Floats) -> NDArray[np.bool_]:
        return (time_s >= self.warm_up_s) & (time_s <= self.duration_s - self.tail_s)

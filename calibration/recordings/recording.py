"""A recording in memory: typed arrays on one monotonic clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.recordings.provenance import Provenance
from score import KeyEvent, Performance

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class JointStates:
    """What the encoders read, `t` times.

    Attributes:
        time_ns: When they were read, shape `(t,)`.
        received_ns: When the recorder heard of it, shape `(t,)`.
        positions: Shape `(t, n)` [m for the rail, rad].
        velocities: Shape `(t, n)` [m/s for the rail, rad/s]; NaN where nothing told them.
        efforts: Shape `(t, n)` [N for the rail, Nm]; NaN where nothing told them.
    """

    time_ns: Times
    received_ns: Times
    positions: Floats
    velocities: Floats
    efforts: Floats


@dataclass(frozen=True, eq=False)
class JointTargets:
    """What was commanded, `m` times.

    Attributes:
        time_ns: When, shape `(m,)`.
        positions: Shape `(m, n)` [m for the rail, rad].
    """

    time_ns: Times
    positions: Floats


@dataclass(frozen=True, eq=False)
class KeyEvents:
    """What the keyboard reported, `e` times.

    Attributes:
        time_ns: When the key crossed its trigger or release point, shape `(e,)`.
        stamped_ns: The same moment from the header stamp, shape `(e,)`.
        keys: Index on the keyboard, 0 = lowest, shape `(e,)`.
        down: Whether it was pressed, shape `(e,)`.
        velocities: MIDI velocity, shape `(e,)`.
    """

    time_ns: Times
    stamped_ns: Times
    keys: NDArray[np.int64]
    down: NDArray[np.bool_]
    velocities: NDArray[np.int64]

    def since(self, zero_ns: int) -> tuple[KeyEvent, ...]:
        """The events in seconds since some moment.

        Raises:
            ScoreError: When one makes no sense.
        """
        seconds = (self.time_ns - zero_ns) / 1e9
        rows = zip(seconds, self.keys, self.down, self.velocities, strict=True)
        return tuple(KeyEvent(float(s), int(k), bool(d), int(v)) for s, k, d, v in rows)


@dataclass(frozen=True)
class Diagnostic:
    """How one part of the rig was at one moment.

    Attributes:
        time_ns: When.
        name: Of the part.
        level: 0 ok, 1 warning, 2 error, 3 stale.
        message: One line.
        values: Numbers and texts by name.
    """

    time_ns: int
    name: str
    level: int
    message: str
    values: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Recording:
    """Everything that was recorded. All times are of the monotonic clock [ns].

    Attributes:
        folder: Where it was read.
        joint_names: The `n` joints, in the order of all arrays.
        states: What the encoders read.
        sent: Targets as they went to the motors, after all limits.
        asked: Targets as the policy asked for them.
        events: What the keyboard reported.
        diagnostics: How the parts of the rig were.
        performance: The scored result; None when nothing was scored.
        score_zero_ns: When score time 0 was; None when it is not known.
        provenance: Where it comes from.
        notes: All notes of the writer, as texts.
    """

    folder: Path
    joint_names: tuple[str, ...]
    states: JointStates
    sent: JointTargets
    asked: JointTargets
    events: KeyEvents
    diagnostics: tuple[Diagnostic, ...]
    performance: Performance | None
    score_zero_ns: int | None
    provenance: Provenance
    notes: Mapping[str, str]

    @property
    def targets(self) -> JointTargets:
        """The best that is known of what the motors were told: sent, else asked for."""
        return self.sent if len(self.sent.time_ns) else self.asked

    @property
    def start_ns(self) -> int:
        """When the first joint state was read; 0 when there is none."""
        return int(self.states.time_ns[0]) if len(self.states.time_ns) else 0

    @property
    def duration_s(self) -> float:
        """From the first joint state to the last [s]."""
        times = self.states.time_ns
        return int(times[-1] - times[0]) / 1e9 if len(times) else 0.0

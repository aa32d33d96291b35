"""Recording a performance without ROS, in the very format that the ROS graph records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.recordings.codec import own_codec, recorded_schemas
from calibration.recordings.fields import performance_fields
from calibration.recordings.provenance import Provenance
from calibration.recordings.topics import (
    DIAGNOSTICS,
    JOINT_STATES,
    KEY_EVENTS,
    MESSAGE_TYPES,
    PERFORMANCE,
    SENT_TARGETS,
)
from calibration.recordings.writer import RecordingWriter, Topic
from score import Performance


def recorded_topics() -> tuple[Topic, ...]:
    """All streams of a recording, with their definitions; needs no ROS."""
    schemas = recorded_schemas()
    return tuple(Topic(name, kind, schemas[kind]) for name, kind in MESSAGE_TYPES.items())


class PerformanceRecorder:
    """Writes joint states, sent targets and key events as they happen; a context manager.

    All times are of one monotonic clock [ns], real or simulated. Use it from one thread.

    Args:
        folder: Of the recording; made here, must not exist.
        joint_names: Names of the `n` joints, in the order of all arrays.
        provenance: Where the recording comes from; its clock offset is added to all stamps.

    Attributes:
        folder: Of the recording.

    Raises:
        RecordingError: When the folder exists or cannot be made.
    """

    def __init__(self, folder: Path, joint_names: Sequence[str], provenance: Provenance) -> None:
        self.folder = folder
        self._names = list(joint_names)
        self._offset_ns = provenance.clock_offset_ns
        self._codec = own_codec()
        self._writer = RecordingWriter(folder, recorded_topics(), provenance.to_notes())

    def __enter__(self) -> PerformanceRecorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def joint_states(
        self,
        time_ns: int,
        positions: ArrayLike,
        velocities: ArrayLike,
        efforts: ArrayLike | None = None,
    ) -> None:
        """Record what the encoders read.

        Args:
            time_ns: When they were read.
            positions: Shape `(n,)` [m for the rail, rad].
            velocities: Shape `(n,)` [m/s for the rail, rad/s].
            efforts: Shape `(n,)` [N for the rail, Nm]; left out where nothing measures them.

        Raises:
            ValueError: When an array has another shape.
            RecordingError: When the disk refuses.
        """
        self._write(
            JOINT_STATES,
            time_ns,
            name=self._names,
            position=self._row(positions),
            velocity=self._row(velocities),
            effort=np.empty(0) if efforts is None else self._row(efforts),
        )

    def targets(self, time_ns: int, targets: ArrayLike) -> None:
        """Record joint targets as they went to the motors, after every limit.

        Args:
            time_ns: When they went.
            targets: Shape `(n,)` [m for the rail, rad].

        Raises:
            ValueError: When the array has another shape.
            RecordingError: When the disk refuses.
        """
        nothing = np.empty(0)
        duration = self._codec.make("builtin_interfaces/msg/Duration", sec=0, nanosec=0)
        point = self._codec.make(
            "trajectory_msgs/msg/JointTrajectoryPoint",
            positions=self._row(targets),
            velocities=nothing,
            accelerations=nothing,
            effort=nothing,
            time_from_start=duration,
        )
        self._write(SENT_TARGETS, time_ns, joint_names=self._names, points=[point])

    def key_event(self, time_ns: int, key: int, down: bool, velocity: int) -> None:
        """Record a key that crossed its trigger or release point.

        Args:
            time_ns: When it did.
            key: Index on the keyboard, 0 = lowest.
            down: Whether it was pressed.
            velocity: MIDI velocity of a press; 0 is written for a release.

        Raises:
            RecordingError: When the disk refuses.
        """
        self._write(
            KEY_EVENTS,
            time_ns,
            monotonic_ns=time_ns,
            key=key,
            down=bool(down),
            velocity=velocity if down else 0,
        )

    def diagnostics(
        self, time_ns: int, name: str, level: int, message: str, values: Mapping[str, object]
    ) -> None:
        """Record how a part of the rig is.

        Args:
            time_ns: When it was so.
            name: Of the part: `hand`, `keyboard`, ...
            level: 0 ok, 1 warning, 2 error, 3 stale (`diagnostic_msgs/DiagnosticStatus`).
            message: One line.
            values: Numbers and texts by name.

        Raises:
            RecordingError: When the disk refuses.
        """
        make = self._codec.make
        pairs = [
            make("diagnostic_msgs/msg/KeyValue", key=key, value=str(value))
            for key, value in values.items()
        ]
        status = make(
            "diagnostic_msgs/msg/DiagnosticStatus",
            level=level,
            name=name,
            message=message,
            hardware_id="",
            values=pairs,
        )
        self._write(DIAGNOSTICS, time_ns, status=[status])

    def performance(self, time_ns: int, performance: Performance, score_zero_ns: int) -> None:
        """Record the scored result.

        Args:
            time_ns: When it was known.
            performance: The result.
            score_zero_ns: When score time 0 was.

        Raises:
            RecordingError: When the disk refuses.
        """
        fields = performance_fields(performance, score_zero_ns)
        kind = MESSAGE_TYPES[PERFORMANCE]
        message = self._codec.encode(self._codec.make(kind, **fields))
        self._writer.write(PERFORMANCE, time_ns + self._offset_ns, message)

    def close(self) -> None:
        """Finish the recording. Closing again does nothing.

        Raises:
            RecordingError: When the disk refuses.
        """
        self._writer.close()

    def _write(self, topic: str, time_ns: int, **fields: object) -> None:
        stamp_ns = time_ns + self._offset_ns
        header = self._codec.header(stamp_ns)
        message = self._codec.make(MESSAGE_TYPES[topic], header=header, **fields)
        self._writer.write(topic, stamp_ns, self._codec.encode(message))

    def _row(self, values: ArrayLike) -> NDArray[np.float64]:
        row = np.array(values, np.float64)
        if row.shape != (len(self._names),):
            raise ValueError(f"{row.shape} is no row of {len(self._names)} joints")
        return row

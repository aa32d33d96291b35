"""Recording a performance without ROS, in the very format that the ROS graph records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.recordings.codec import own_codec, recorded_schemas
from calibration.recordings.errors import RecordingError
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
from calibration.recordings.validity import mark_validity
from calibration.recordings.writer import RecordingWriter, Topic
from score import Performance


def recorded_topics() -> tuple[Topic, ...]:
    """All streams of a recording, with their definitions; needs no ROS."""
    schemas = recorded_schemas()
    return tuple(Topic(name, kind, schemas[kind]) for name, kind in MESSAGE_TYPES.items())


class PerformanceRecorder:
    """Writes joint states, sent targets and key events as they happen; a context manager.

    All times are of one monotonic clock [ns], real or simulated. Use it from one thread.

    A disk that refuses ends the recording and not the performance: from then on nothing is
    written, nothing is raised, and `failure` says why. Look at it after `close`.

    Args:
        folder: Of the recording; made here, must not exist.
        joint_names: Names of the `n` joints, in the order of all arrays.
        provenance: Where the recording comes from; its clock offset is added to all stamps.

    Attributes:
        folder: Of the recording.
        failure: Why the recording lacks its end; empty when it does not.

    Raises:
        RecordingError: When the folder exists or cannot be made.
    """

    def __init__(self, folder: Path, joint_names: Sequence[str], provenance: Provenance) -> None:
        self.folder = folder
        self.failure = ""
        self._closed = False
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
        """
        self._stamped(
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
        self._stamped(SENT_TARGETS, time_ns, joint_names=self._names, points=[point])

    def key_event(self, time_ns: int, key: int, down: bool, velocity: int) -> None:
        """Record a key that crossed its trigger or release point.

        Args:
            time_ns: When it did.
            key: Index on the keyboard, 0 = lowest.
            down: Whether it was pressed.
            velocity: MIDI velocity of a press; 0 is written for a release.
        """
        self._stamped(
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
        self._stamped(DIAGNOSTICS, time_ns, status=[status])

    def performance(self, time_ns: int, performance: Performance, score_zero_ns: int) -> None:
        """Record the scored result.

        Args:
            time_ns: When it was known.
            performance: The result.
            score_zero_ns: When score time 0 was.
        """
        fields = performance_fields(performance, score_zero_ns)
        self._write(PERFORMANCE, time_ns, **fields)

    def close(self) -> None:
        """Finish the recording and mark it as valid or not. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self._writer.close()
            if not self.failure:
                mark_validity(self.folder)
        except RecordingError as error:
            self.failure = str(error)

    def _stamped(self, topic: str, time_ns: int, **fields: Any) -> None:  # noqa: ANN401
        header = self._codec.header(time_ns + self._offset_ns)
        self._write(topic, time_ns, header=header, **fields)

    def _write(self, topic: str, time_ns: int, **fields: Any) -> None:  # noqa: ANN401
        if self.failure:
            return
        message = self._codec.make(MESSAGE_TYPES[topic], **fields)
        try:
            self._writer.write(topic, time_ns + self._offset_ns, self._codec.encode(message))
        except RecordingError as error:
            self.failure = str(error)

    def _row(self, values: ArrayLike) -> NDArray[np.float64]:
        row = np.array(values, np.float64)
        if row.shape != (len(self._names),):
            raise ValueError(f"{row.shape} is no row of {len(self._names)} joints")
        return row

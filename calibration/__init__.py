"""Closing the gap between simulator and reality; so far: recordings."""

from calibration.recordings import (
    InvalidRecordingError,
    PerformanceRecorder,
    Provenance,
    RecordingError,
    RecordingWriter,
    Topic,
    message_schema,
    own_versions,
    policy_hash,
    recorded_topics,
)

__all__ = [
    "InvalidRecordingError",
    "PerformanceRecorder",
    "Provenance",
    "RecordingError",
    "RecordingWriter",
    "Topic",
    "message_schema",
    "own_versions",
    "policy_hash",
    "recorded_topics",
]

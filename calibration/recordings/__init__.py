"""Recordings: what was commanded, what the joints did and which keys sounded, as rosbag2/MCAP."""

from calibration.recordings.errors import InvalidRecordingError, RecordingError
from calibration.recordings.performance_recorder import PerformanceRecorder, recorded_topics
from calibration.recordings.provenance import Provenance, own_versions, policy_hash
from calibration.recordings.schemas import message_schema
from calibration.recordings.writer import RecordingWriter, Topic

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

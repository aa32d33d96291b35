"""Recordings: what was commanded, what the joints did and which keys sounded, as rosbag2/MCAP."""

from calibration.recordings.errors import InvalidRecordingError, RecordingError
from calibration.recordings.performance_recorder import PerformanceRecorder, recorded_topics
from calibration.recordings.provenance import Provenance, device_hash, own_versions, policy_hash
from calibration.recordings.reading import read_recording
from calibration.recordings.recording import (
    Diagnostic,
    JointStates,
    JointTargets,
    KeyEvents,
    Recording,
)
from calibration.recordings.repair import repair
from calibration.recordings.replay import Replayed, replay
from calibration.recordings.schemas import message_schema
from calibration.recordings.summary import StreamSummary, recording_summary, stream_summaries
from calibration.recordings.validity import Problem, check_valid, find_problems, mark_validity
from calibration.recordings.writer import RecordingWriter, Topic

__all__ = [
    "Diagnostic",
    "InvalidRecordingError",
    "JointStates",
    "JointTargets",
    "KeyEvents",
    "PerformanceRecorder",
    "Problem",
    "Provenance",
    "Recording",
    "RecordingError",
    "RecordingWriter",
    "Replayed",
    "StreamSummary",
    "Topic",
    "check_valid",
    "device_hash",
    "find_problems",
    "mark_validity",
    "message_schema",
    "own_versions",
    "policy_hash",
    "read_recording",
    "recorded_topics",
    "recording_summary",
    "repair",
    "replay",
    "stream_summaries",
]

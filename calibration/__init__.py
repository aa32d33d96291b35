"""Closing the gap between simulator and reality; so far: recordings."""

from calibration.recording import RecordingError, RecordingWriter, Topic
from calibration.schemas import message_schema

__all__ = ["RecordingError", "RecordingWriter", "Topic", "message_schema"]

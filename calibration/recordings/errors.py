"""Errors of recordings."""

from score import DaCapoError


class RecordingError(DaCapoError):
    """A recording cannot be written or read."""


class InvalidRecordingError(RecordingError):
    """A recording that can be read, but not trusted: nothing may be learned from it."""

"""Cutting recordings into segments, and choosing which of them to learn from."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.recordings import Recording
from calibration.residuals.segment import Segment
from sim import Rig

LONGEST_S = 60.0
"""Most that is replayed in one trial, however much was recorded [s]."""


def segments_of(recording: Recording, rig: Rig) -> list[Segment]:
    """Cut a recording into pieces worth replaying: motion and keys, not the waits between.

    Args:
        recording: Of the rig.
        rig: What was recorded.

    Raises:
        InvalidRecordingError: The recording cannot be trusted.
        CalibrationError: It is of another rig, holds no key event, no targets, or is too short.
    """
    raise NotImplementedError


def choose(
    segments: Sequence[Segment], longest_s: float = LONGEST_S, seed: int = 0
) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Split segments into those to learn from and those to judge by, each at most `longest_s`.

    Args:
        segments: Of all recordings.
        longest_s: Most that each part may last [s].
        seed: Of the draw among segments that are as good.

    Returns:
        Training and held-out segments.

    Raises:
        CalibrationError: Fewer than two segments with key events.
    """
    raise NotImplementedError

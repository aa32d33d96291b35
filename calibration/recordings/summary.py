"""A recording in a few numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from calibration.recordings.recording import Recording, Times
from calibration.recordings.topics import (
    DIAGNOSTICS,
    JOINT_STATES,
    JOINT_TRAJECTORY,
    KEY_EVENTS,
    SENT_TARGETS,
)
from calibration.recordings.validity import find_problems


@dataclass(frozen=True)
class StreamSummary:
    """One stream of a recording.

    Attributes:
        topic: Its name.
        messages: How many there are.
        rate_hz: Their mean rate; None for fewer than two.
        longest_gap_ms: The longest time between two; None for fewer than two.
    """

    topic: str
    messages: int
    rate_hz: float | None
    longest_gap_ms: float | None


def stream_summaries(recording: Recording) -> tuple[StreamSummary, ...]:
    """The streams of a recording; measured times, never index over rate."""
    times = {
        JOINT_STATES: recording.states.time_ns,
        SENT_TARGETS: recording.sent.time_ns,
        JOINT_TRAJECTORY: recording.asked.time_ns,
        KEY_EVENTS: recording.events.time_ns,
        DIAGNOSTICS: np.unique([d.time_ns for d in recording.diagnostics]).astype(np.int64),
    }
    return tuple(_summary(topic, stamps) for topic, stamps in times.items())


def recording_summary(recording: Recording) -> dict[str, Any]:
    """Everything that is said about a recording, ready for JSON."""
    problems = find_problems(recording)
    performance = recording.performance
    return {
        "folder": str(recording.folder),
        "duration_s": recording.duration_s,
        "valid": not problems,
        "problems": [asdict(problem) for problem in problems],
        "joints": list(recording.joint_names),
        "streams": [asdict(stream) for stream in stream_summaries(recording)],
        "performance": None if performance is None else performance.to_dict(),
        "provenance": asdict(recording.provenance),
    }


def _summary(topic: str, time_ns: Times) -> StreamSummary:
    if len(time_ns) < 2:
        return StreamSummary(topic, len(time_ns), None, None)
    gaps_s = np.diff(np.sort(time_ns)) / 1e9
    total_s = float(gaps_s.sum())
    rate_hz = len(gaps_s) / total_s if total_s else None
    return StreamSummary(topic, len(time_ns), rate_hz, 1000.0 * float(gaps_s.max()))

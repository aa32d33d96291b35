"""Whether a recording can be trusted: nothing is learned from one in which the rig was broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibration.recordings.errors import InvalidRecordingError
from calibration.recordings.folders import amend_metadata
from calibration.recordings.reading import read_recording
from calibration.recordings.recording import Recording
from calibration.recordings.repair import INCOMPLETE

STALE_S = 0.1
"""A pause between joint states that is too long [s]; without commands a hand holds as soon."""
FROZEN_S = 0.25
"""Joints that read exactly the same for so long [s], while ..."""
FROZEN_TARGET = 0.02
"""... some target moves by so much [m for the rail, rad], were not read at all."""
CLOCK_S = 0.01
"""How far two clocks may disagree [s]: twice the resolution of key events."""
LATE_S = 1.0
"""No state needs so long to the recorder [s], unless the recorder is late: it catches up again."""

VALID, PROBLEMS = "valid", "problems"
_ERROR = 2  # DiagnosticStatus.ERROR; STALE is 3


@dataclass(frozen=True)
class Problem:
    """A reason not to trust a recording.

    Attributes:
        kind: `incomplete`, `keyboard_gone`, `hand_fault`, `stale_bus`, `clock_jump`, `no_states`
            or `not_finite`.
        message: What happened and when, in one line.
    """

    kind: str
    message: str


def find_problems(recording: Recording) -> tuple[Problem, ...]:
    """Everything that makes a recording invalid; empty for a valid one."""
    return (
        *_incomplete(recording),
        *_faults(recording),
        *_state_problems(recording),
        *_clock_problems(recording),
    )


def check_valid(recording: Recording) -> None:
    """Refuse a recording that cannot be trusted.

    Raises:
        InvalidRecordingError: With all its problems.
    """
    problems = find_problems(recording)
    if problems:
        raise InvalidRecordingError(
            f"{recording.folder} cannot be used: "
            f"{'; '.join(problem.message for problem in problems)}: record it again"
        )


def mark_validity(folder: Path) -> tuple[Problem, ...]:
    """Read a finished recording back and write into `metadata.yaml` whether it is valid.

    Returns:
        Its problems.

    Raises:
        RecordingError: When it cannot be read back or marked.
    """
    problems = find_problems(read_recording(folder))
    notes = {VALID: "no" if problems else "yes"}
    amend_metadata(folder, notes | {PROBLEMS: "; ".join(p.message for p in problems)})
    return problems


def _incomplete(recording: Recording) -> Iterator[Problem]:
    reason = recording.notes.get(INCOMPLETE)
    if reason:
        yield Problem("incomplete", f"it is incomplete ({reason})")


def _faults(recording: Recording) -> Iterator[Problem]:
    """The first fault that keyboard and hand reported themselves."""
    for part, kind in (("keyboard", "keyboard_gone"), ("hand", "hand_fault")):
        for report in recording.diagnostics:
            if report.name == part and report.level >= _ERROR:
                when = _seconds(recording, report.time_ns)
                yield Problem(kind, f"the {part} failed {when}: {report.message}")
                break


def _state_problems(recording: Recording) -> Iterator[Problem]:
    states = recording.states
    if not len(states.time_ns):
        yield Problem("no_states", "it holds no joint states")
        return
    if not (np.isfinite(states.positions).all() and np.isfinite(recording.targets.positions).all()):
        yield Problem("not_finite", "it holds joint positions that are no numbers")
    gaps_s = np.diff(states.time_ns) / 1e9
    if len(gaps_s) and gaps_s.max() > STALE_S:
        when = _seconds(recording, int(states.time_ns[np.argmax(gaps_s)]))
        yield Problem("stale_bus", f"no joint state for {gaps_s.max():.2f} s {when}")
    frozen_ns = _first_frozen(recording)
    if frozen_ns is not None:
        when = _seconds(recording, frozen_ns)
        yield Problem("stale_bus", f"the joint states stood still {when} while targets moved")


def _first_frozen(recording: Recording) -> int | None:
    """Since when all joints read exactly the same although their targets moved [ns]."""
    states, targets = recording.states, recording.targets
    changes = np.flatnonzero(np.any(np.diff(states.positions, axis=0) != 0.0, axis=1)) + 1
    starts = np.concatenate([[0], changes])
    ends = np.concatenate([changes - 1, [len(states.time_ns) - 1]])
    for first, last in zip(states.time_ns[starts], states.time_ns[ends], strict=True):
        if (last - first) / 1e9 >= FROZEN_S:
            during = (targets.time_ns >= first) & (targets.time_ns <= last - int(FROZEN_S * 5e8))
            told = targets.positions[during]
            if len(told) and np.ptp(told, axis=0).max() > FROZEN_TARGET:
                return int(first)
    return None


def _clock_problems(recording: Recording) -> Iterator[Problem]:
    """Times that no steady clock can have given."""
    states, events = recording.states, recording.events
    back = np.flatnonzero(np.diff(states.time_ns) <= 0)
    if len(back):
        when = _seconds(recording, int(states.time_ns[back[0]]))
        yield Problem("clock_jump", f"the times of joint states do not rise {when}")
    lag_s = (states.received_ns - states.time_ns) / 1e9
    if (lag_s < -CLOCK_S).any():
        when = _seconds(recording, int(states.received_ns[np.argmin(lag_s)]))
        yield Problem("clock_jump", f"joint states from the future {when}: a clock jumped")
    if len(lag_s) and lag_s.min() > LATE_S:
        yield Problem("clock_jump", "all joint states are over a second old: two clocks disagree")
    off_s = np.abs(events.stamped_ns - events.time_ns) / 1e9
    if len(off_s) and off_s.max() > CLOCK_S:
        when = _seconds(recording, int(events.time_ns[np.argmax(off_s)]))
        yield Problem("clock_jump", f"stamp and clock of a key event differ {when}: a clock jumped")


def _seconds(recording: Recording, time_ns: int) -> str:
    return f"at {(time_ns - recording.start_ns) / 1e9:.2f} s"

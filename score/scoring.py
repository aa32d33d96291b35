"""Scoring a performance: everything the project reports about what was played."""

import platform
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata

import numpy as np
from numpy.typing import NDArray

from score.events import KeyEvent, notes_of_events, roll_of_events
from score.frames import do_nothing_f1, frame_scores
from score.goals import Goals
from score.grid import TIME_TOLERANCE_S
from score.note_scores import note_f1
from score.notes import Note
from score.onsets import matched_onsets, tempo_ratio
from score.performance import FrameReport, LoopTiming, NoteReport, OnsetError, Performance
from score.shift import best_shift

WRONG_KEY_TOLERANCE_S = 0.1
"""How long before and after a due note a press of its key is not wrong [s]."""


def score_performance(
    goals: Goals,
    events: Sequence[KeyEvent],
    *,
    rig: str,
    mode: str,
    policy: str,
    seed: int | None = None,
    loop: LoopTiming | None = None,
    versions: Mapping[str, str] | None = None,
) -> Performance:
    """Score what was played against what was due.

    Frame F1 alone misleads (a perfect performance 50 ms late scores 0.87 on Twinkle), so it comes
    with the numbers that tell lateness, wrong keys and silence apart.

    Args:
        goals: What was due.
        events: What was played, score time, in any order.
        rig: Name of the rig.
        mode: `sim`, `virtual`, `emulated` or `real`.
        policy: What played.
        seed: Seed of the performance.
        loop: Timing of the control loop, where there was one.
        versions: Versions to report; those of this package and its tools when left out.

    Raises:
        ScoreError: When an event names a key that the keyboard does not have.
    """
    due = goals.score.notes
    played = notes_of_events(events, goals.lowest_pitch, goals.duration_s)
    errors_s = _onset_errors_s(due, played)
    return Performance(
        song=goals.name,
        rig=rig,
        mode=mode,
        policy=policy,
        seed=seed,
        frame=_frame_report(goals, events, errors_s),
        note=NoteReport(note_f1(due, played, 0.05), note_f1(due, played, 0.1)),
        onset_error_ms=_onset_error_ms(errors_s),
        wrong_keys=wrong_keys(due, played),
        tempo_ratio=tempo_ratio(due, played),
        loop=loop if loop is not None else LoopTiming(),
        duration_s=goals.duration_s,
        versions=dict(versions) if versions is not None else dict(_own_versions()),
    )


def wrong_keys(due: Sequence[Note], played: Sequence[Note]) -> int:
    """Count the presses of keys that were not due around then.

    A press is wrong when no note of its pitch is due at the moment of the press, nor within 0.1 s
    before or after: `start - 0.1 s <= press <= end + 0.1 s` holds for no due note of that pitch.
    Striking a due key once too often, late or early is not a wrong key; the other numbers tell.

    Args:
        due: Notes of the placed score.
        played: Notes of the performance, score time.
    """
    slack_s = WRONG_KEY_TOLERANCE_S + TIME_TOLERANCE_S
    spans: dict[int, list[tuple[float, float]]] = {}
    for note in due:
        spans.setdefault(note.pitch, []).append((note.start_s - slack_s, note.end_s + slack_s))
    return sum(
        not any(low_s <= press.start_s <= high_s for low_s, high_s in spans.get(press.pitch, ()))
        for press in played
    )


def pedal_f1(goals: Goals, down: Sequence[bool]) -> float:
    """Mean over control steps of the sustain pedal's F1, as RoboPianist's: 1 or 0 each.

    Args:
        goals: What was due.
        down: Whether the pedal was down at the end of each of their rows.
    """
    return frame_scores(goals.sustain[:, None], np.asarray(down, np.bool_)[:, None]).f1


def _frame_report(
    goals: Goals, events: Sequence[KeyEvent], errors_s: NDArray[np.float64]
) -> FrameReport:
    roll = roll_of_events(events, goals.n_steps, goals.n_keys)
    scores = frame_scores(goals.keys, roll)
    expected_s = float(np.median(errors_s)) if len(errors_s) else 0.0
    shift_s, f1_shifted = best_shift(goals.keys, events, expected_s)
    return FrameReport(
        precision=scores.precision,
        recall=scores.recall,
        f1=scores.f1,
        f1_shifted=f1_shifted,
        shift_s=shift_s,
        do_nothing_f1=do_nothing_f1(goals.keys),
    )


def _onset_errors_s(due: Sequence[Note], played: Sequence[Note]) -> NDArray[np.float64]:
    onsets_s = matched_onsets(due, played)
    return np.asarray(onsets_s[:, 1] - onsets_s[:, 0])


def _onset_error_ms(errors_s: NDArray[np.float64]) -> OnsetError:
    if not len(errors_s):
        return OnsetError(None, None)
    median_s, p95_s = np.median(errors_s), np.percentile(np.abs(errors_s), 95)
    return OnsetError(1e3 * float(median_s), 1e3 * float(p95_s))


@cache
def _own_versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in ("dacapo", "mir_eval", "numpy"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions

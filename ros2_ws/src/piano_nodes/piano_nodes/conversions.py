"""Between messages and the types of the cores."""

from __future__ import annotations

import math

from piano_msgs import msg
from piano_msgs.action import Play
from policies.performer import Progress, Stage
from score import Performance


def performance_message(performance: Performance) -> msg.Performance:
    """A performance as a message; numbers that do not exist become NaN, -1 or 0."""
    frame, loop = performance.frame, performance.loop
    return msg.Performance(
        song=performance.song,
        rig=performance.rig,
        mode=performance.mode,
        policy=performance.policy,
        seed=-1 if performance.seed is None else performance.seed,
        frame_precision=frame.precision,
        frame_recall=frame.recall,
        frame_f1=frame.f1,
        frame_f1_shifted=frame.f1_shifted,
        shift_s=frame.shift_s,
        do_nothing_f1=frame.do_nothing_f1,
        note_f1_50ms=performance.note.f1_50ms,
        note_f1_100ms=performance.note.f1_100ms,
        onset_error_median_ms=_or_nan(performance.onset_error_ms.median),
        onset_error_p95_ms=_or_nan(performance.onset_error_ms.p95),
        wrong_keys=performance.wrong_keys,
        tempo_ratio=_or_nan(performance.tempo_ratio),
        loop_period_ms_p50=_or_nan(loop.period_ms_p50),
        loop_period_ms_p99=_or_nan(loop.period_ms_p99),
        loop_missed=loop.missed or 0,
        duration_s=performance.duration_s,
    )


def feedback_message(progress: Progress) -> Play.Feedback:
    """Progress as feedback of the action."""
    return Play.Feedback(
        stage=str(progress.stage),
        score_time_s=progress.score_time_s,
        duration_s=progress.duration_s,
        frame_f1=progress.frame_f1,
        keys=list(progress.keys),
    )


def progress_of(feedback: Play.Feedback) -> Progress:
    """Feedback of the action as progress."""
    return Progress(
        Stage(feedback.stage),
        feedback.score_time_s,
        feedback.duration_s,
        feedback.frame_f1,
        tuple(feedback.keys),
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)

"""Between messages and the types of the cores."""

from __future__ import annotations

from calibration.recordings.fields import performance_fields
from piano_msgs import msg
from piano_msgs.action import Play
from policies.performer import Progress, Stage
from score import Performance


def performance_message(performance: Performance, score_zero_ns: int | None) -> msg.Performance:
    """A performance as a message; numbers that do not exist become NaN, -1 or 0.

    Args:
        performance: How well was played.
        score_zero_ns: The monotonic clock at score time 0 [ns].
    """
    zero_ns = {} if score_zero_ns is None else {"score_zero_ns": score_zero_ns}
    return msg.Performance(**performance_fields(performance, **zero_ns))


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

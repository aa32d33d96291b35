"""A performance as the fields of its message, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from score import FrameReport, LoopTiming, NoteReport, OnsetError, Performance

NOT_KNOWN = -1


def performance_fields(performance: Performance, score_zero_ns: int = NOT_KNOWN) -> dict[str, Any]:
    """The fields of `piano_msgs/Performance`; numbers that do not exist become NaN, -1 or 0.

    Args:
        performance: The result.
        score_zero_ns: The monotonic clock at score time 0 [ns].
    """
    frame, loop = performance.frame, performance.loop
    return {
        "song": performance.song,
        "rig": performance.rig,
        "mode": performance.mode,
        "policy": performance.policy,
        "seed": NOT_KNOWN if performance.seed is None else performance.seed,
        "frame_precision": frame.precision,
        "frame_recall": frame.recall,
        "frame_f1": frame.f1,
        "frame_f1_shifted": frame.f1_shifted,
        "shift_s": frame.shift_s,
        "do_nothing_f1": frame.do_nothing_f1,
        "note_f1_50ms": performance.note.f1_50ms,
        "note_f1_100ms": performance.note.f1_100ms,
        "onset_error_median_ms": _or_nan(performance.onset_error_ms.median),
        "onset_error_p95_ms": _or_nan(performance.onset_error_ms.p95),
        "wrong_keys": performance.wrong_keys,
        "tempo_ratio": _or_nan(performance.tempo_ratio),
        "loop_period_ms_p50": _or_nan(loop.period_ms_p50),
        "loop_period_ms_p99": _or_nan(loop.period_ms_p99),
        "loop_missed": loop.missed or 0,
        "duration_s": performance.duration_s,
        "score_zero_ns": score_zero_ns,
    }


def performance_of(message: Any, versions: Mapping[str, str]) -> Performance:  # noqa: ANN401
    """The performance in a message; the versions of packages come from the provenance."""
    ran = not math.isnan(message.loop_period_ms_p50)
    return Performance(
        song=message.song,
        rig=message.rig,
        mode=message.mode,
        policy=message.policy,
        seed=None if message.seed == NOT_KNOWN else int(message.seed),
        frame=FrameReport(
            message.frame_precision,
            message.frame_recall,
            message.frame_f1,
            message.frame_f1_shifted,
            message.shift_s,
            message.do_nothing_f1,
        ),
        note=NoteReport(message.note_f1_50ms, message.note_f1_100ms),
        onset_error_ms=OnsetError(
            _or_none(message.onset_error_median_ms), _or_none(message.onset_error_p95_ms)
        ),
        wrong_keys=int(message.wrong_keys),
        tempo_ratio=_or_none(message.tempo_ratio),
        loop=LoopTiming(
            _or_none(message.loop_period_ms_p50),
            _or_none(message.loop_period_ms_p99),
            int(message.loop_missed) if ran else None,
        ),
        duration_s=message.duration_s,
        versions=dict(versions),
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)

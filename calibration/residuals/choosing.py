"""Choosing segments to learn from and segments to judge by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.errors import CalibrationError
from calibration.residuals.segment import LONGEST_S, Segment

_BINS = 8  # of each joint's range that is seen, for coverage
_HELD_OUT = 3  # every third segment is kept for judging


def choose(
    segments: Sequence[Segment], longest_s: float = LONGEST_S, seed: int = 0
) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Split segments into those to learn from and those to judge by, each at most `longest_s`.

    Segments are ranked by what they show that the ones before did not: keys, and places of joints
    in both directions, per second. Every third of the ranking is held out.

    Args:
        segments: Of all recordings.
        longest_s: Most that each part may last [s].
        seed: Of the order among segments that show as much.

    Returns:
        Training and held-out segments.

    Raises:
        CalibrationError: Not two segments with key events.
    """
    ranked = _ranked(segments, seed)
    heard = [segment for segment in ranked if segment.compared_events.any()]
    if len(heard) < 2:
        raise CalibrationError(
            f"{len(heard)} of {len(segments)} segments have key events, at least 2 are needed, one "
            "to learn from and one to judge by: record more songs"
        )
    silent = [segment for segment in ranked if not segment.compared_events.any()]
    every = 2 if len(heard) < _HELD_OUT else _HELD_OUT
    held_out = heard[every - 1 :: every]
    training = [segment for segment in heard if segment not in held_out]
    return _within([*training, *silent], longest_s), _within(held_out, longest_s)


def _within(segments: Sequence[Segment], longest_s: float) -> tuple[Segment, ...]:
    """The first that fit."""
    chosen: list[Segment] = []
    for segment in segments:
        if sum(s.duration_s for s in chosen) + segment.duration_s <= longest_s:
            chosen.append(segment)
    return tuple(chosen)


def _ranked(segments: Sequence[Segment], seed: int) -> list[Segment]:
    """Most news per second first."""
    order = np.random.default_rng(seed).permutation(len(segments))
    left = [(segments[index], _shown(segments[index])) for index in order]
    ranked: list[Segment] = []
    seen: set[tuple[int, ...]] = set()
    while left:
        news = [len(shown - seen) / segment.duration_s for segment, shown in left]
        segment, shown = left.pop(int(np.argmax(news)))
        ranked.append(segment)
        seen |= shown
    return ranked


def _shown(segment: Segment) -> set[tuple[int, ...]]:
    """What a segment shows: keys, and joint, place and direction of every motion."""
    events = segment.compared_events
    keys = {(-1, int(key)) for key in segment.event_keys[events & segment.event_down]}
    places = np.floor(segment.positions * _BINS).astype(int)  # an eighth of a radian
    places[:, 0] = np.floor(segment.positions[:, 0] / 0.02)
    moving = np.abs(np.diff(segment.positions, axis=0)) > 1e-3
    rising = np.diff(segment.positions, axis=0) > 0
    step, joint = np.nonzero(moving)
    moves = zip(joint, places[step, joint], rising[step, joint], strict=True)
    return keys | {(int(j), int(p), int(r)) for j, p, r in moves}

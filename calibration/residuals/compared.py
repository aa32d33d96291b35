"""Key events of a replay beside those of the recording: which belong together, which are alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.residuals.keys import Crossings, crossings
from calibration.residuals.reaching import gap_in_travels
from calibration.residuals.replayer import Replay
from calibration.residuals.scales import REACH_S
from sim import PHYSICS_STEP_S

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Events:
    """The compared key events of a recording, `e` of them, and what the replay made of them.

    Attributes:
        down: Whether the key was pressed, shape `(e,)` bool.
        late_s: Simulated minus recorded time, shape `(e,)` [s]; NaN where it was missed.
        short: How far the key stayed from what it should have done, and the nearest fingertip
            from the key, in travels, shape `(e,)`; 0 where it was not missed.
        extra: How far each key went beyond its trigger or release point when it should not have,
            in travels, shape `(n_keys,)`.
        n_extra: Simulated onsets that have no recorded one.
    """

    down: NDArray[np.bool_]
    late_s: Floats
    short: Floats
    extra: Floats
    n_extra: int


def compare_events(replay: Replay) -> Events:
    """Match events of the same key and kind that are each other's nearest."""
    segment, simulated = replay.segment, crossings(replay)
    late_s = np.full(len(segment.event_time_s), np.nan)
    alone = np.ones(len(simulated.time_s), np.bool_)
    kinds = set(zip(segment.event_keys.tolist(), segment.event_down.tolist(), strict=True))
    for key, down in kinds:
        ours = np.flatnonzero((segment.event_keys == key) & (segment.event_down == down))
        theirs = np.flatnonzero((simulated.keys == key) & (simulated.down == down))
        if len(theirs):
            away = simulated.time_s[theirs] - segment.event_time_s[ours][:, None]
            nearest, back = np.abs(away).argmin(axis=1), np.abs(away).argmin(axis=0)
            index = np.arange(len(ours))
            pairs = (back[nearest] == index) & (np.abs(away[index, nearest]) <= REACH_S)
            late_s[ours[pairs]] = away[index, nearest][pairs]
            alone[theirs[nearest[pairs]]] = False
    compared = segment.compared_events
    missed = compared & np.isnan(late_s)
    short = np.zeros(len(late_s))
    for event in np.flatnonzero(missed).tolist():
        short[event] = _short(replay, event)
    return Events(
        segment.event_down[compared],
        late_s[compared],
        short[compared],
        _extra(replay),
        _count(simulated, alone, replay),
    )


def _short(replay: Replay, index: int) -> float:
    """By how much a key neither went down nor came up far enough, and nobody reached it."""
    segment, model = replay.segment, replay.model
    key, middle = segment.event_keys[index], segment.event_time_s[index] / PHYSICS_STEP_S
    around = REACH_S / 3 / PHYSICS_STEP_S
    first, last = max(int(middle - around), 0), int(middle + around) + 2
    depth = replay.depths[first:last, key]
    too_high = model.key_trigger[key] - depth.max()
    too_deep = depth.min() - model.key_release[key]
    unreached = gap_in_travels(replay, int(key), slice(first, last)) if too_high > 0.0 else 0.0
    return float(max(too_high, 0.0) + max(too_deep, 0.0) + unreached)


def _extra(replay: Replay) -> Floats:
    """Most that each key went beyond its points, away from recorded events, shape `(n_keys,)`."""
    segment, model = replay.segment, replay.model
    first = round(segment.warm_up_s / PHYSICS_STEP_S)
    depths = replay.depths[first : segment.steps + 1 - round(segment.tail_s / PHYSICS_STEP_S)]
    time_s = (first + np.arange(len(depths))) * PHYSICS_STEP_S
    beyond = depths.max(axis=0) - model.key_trigger
    moved = set(segment.event_keys.tolist()) | set(np.flatnonzero(segment.sounding).tolist())
    for key in moved:
        ours = segment.event_keys == key
        events_s, down = segment.event_time_s[ours], segment.event_down[ours]
        before = np.searchsorted(events_s, time_s, side="right")
        held = np.concatenate([[segment.sounding[key]], down])[before]
        padded = np.concatenate([[-np.inf], events_s, [np.inf]])
        away = np.minimum(time_s - padded[before], padded[before + 1] - time_s)
        depth = depths[:, key]
        wrong = np.where(held, model.key_release[key] - depth, depth - model.key_trigger[key])
        beyond[key] = np.where(away > REACH_S / 3, wrong, 0.0).max()
    return np.maximum(beyond, 0.0)


def _count(simulated: Crossings, alone: NDArray[np.bool_], replay: Replay) -> int:
    segment = replay.segment
    inside = (simulated.time_s >= segment.warm_up_s) & (
        simulated.time_s <= segment.duration_s - segment.tail_s
    )
    return int((alone & simulated.down & inside).sum())

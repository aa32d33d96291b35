"""Cutting recordings into segments, where no key moves and the hand is slow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.recordings import Recording, check_valid
from calibration.residuals.noise import event_bias_s, reading_noise
from calibration.residuals.segment import LONGEST_S, Segment
from sim import Rig

Floats = NDArray[np.float64]

SHORTEST_S = 2.0
"""A recording below this length shows nothing [s]."""
WARM_UP_S = 0.3
"""Replayed before what is compared [s]: eight time constants of the slowest servo."""
TAIL_S = 0.1
"""Replayed after it [s]."""

_PIECE_S = (4.0, 8.0)  # long enough against the warm-up, short enough to choose among many
_IDLE_S = 1.0  # nothing sent and nothing heard for so long: nothing to be learned
_UNDER_WAY_S = 0.3  # older targets have arrived, whatever the delay
_AROUND_S = 0.04  # how far joint states are looked at to tell one of them from its noise
_RAIL_M_PER_RAD = 0.04  # makes speeds of rail and fingers comparable


@dataclass(frozen=True, eq=False)
class _Streams:
    """A recording in seconds since its first joint state, joints in the order of the rig."""

    name: str
    state_time_s: Floats
    positions: Floats
    velocities: Floats
    efforts: Floats
    target_time_s: Floats
    targets: Floats
    event_time_s: Floats
    event_keys: NDArray[np.intp]
    event_down: NDArray[np.bool_]
    n_keys: int


def segments_of(recording: Recording, rig: Rig) -> list[Segment]:
    """Cut a recording into pieces worth replaying: motion and keys, not the waits between.

    Args:
        recording: Of the rig.
        rig: What was recorded.

    Raises:
        InvalidRecordingError: The recording cannot be trusted.
        CalibrationError: It is of another rig, holds no key event, no targets, or is too short.
    """
    check_valid(recording)
    _check_rig(recording, rig)
    streams = _streams(recording, rig)
    pieces = [piece for active in _active(streams) for piece in _pieces(streams, active)]
    return [_segment(streams, first, last) for first, last in pieces]


def _check_rig(recording: Recording, rig: Rig) -> None:
    where, known = recording.folder, recording.provenance
    if known.rig_hash and known.rig_hash != rig.hash:
        raise CalibrationError(
            f"{where} is of a rig {known.rig or '(without a name)'} that is not this "
            f"{rig.name}: give its own rig with --rig"
        )
    if set(recording.joint_names) != set(rig.joint_names):
        raise CalibrationError(
            f"{where} has the joints {', '.join(recording.joint_names) or '(none)'}, rig "
            f"{rig.name} has {', '.join(rig.joint_names)}: give its own rig with --rig"
        )
    if not len(recording.targets.time_ns):
        raise CalibrationError(f"{where} holds no joint targets: there is nothing to replay")
    if not len(recording.events.time_ns):
        raise CalibrationError(
            f"{where} holds no key event: check that the keyboard is connected, and that keys "
            "are reached, then record again"
        )
    if recording.duration_s < SHORTEST_S:
        raise CalibrationError(
            f"{where} lasts {recording.duration_s:.1f} s: record at least {SHORTEST_S:.0f} s"
        )
    if not ((recording.events.keys >= 0) & (recording.events.keys < rig.keyboard.n_keys)).all():
        raise CalibrationError(f"{where} has keys that rig {rig.name} lacks: give its own rig")


def _streams(recording: Recording, rig: Rig) -> _Streams:
    order = [recording.joint_names.index(name) for name in rig.joint_names]
    states, targets, events = recording.states, recording.targets, recording.events
    zero_ns = recording.start_ns
    rising = np.argsort(events.time_ns, kind="stable")
    event_time_s = (events.time_ns[rising] - zero_ns) / 1e9
    state_time_s = (states.time_ns - zero_ns) / 1e9
    first = states.positions[:1, order]  # in force before anything was sent: the hand held still
    sent = np.argsort(targets.time_ns, kind="stable")
    return _Streams(
        name=recording.provenance.song or recording.folder.name,
        state_time_s=state_time_s,
        positions=states.positions[:, order],
        velocities=states.velocities[:, order],
        efforts=states.efforts[:, order],
        target_time_s=np.concatenate([[-1.0], (targets.time_ns[sent] - zero_ns) / 1e9]),
        targets=np.concatenate([first, targets.positions[sent][:, order]]),
        event_time_s=event_time_s - event_bias_s(event_time_s),
        event_keys=events.keys[rising].astype(np.intp),
        event_down=events.down[rising],
        n_keys=rig.keyboard.n_keys,
    )


def _active(streams: _Streams) -> Iterator[tuple[float, float]]:
    """Where something happens: from one long wait to the next."""
    changes = np.flatnonzero((np.diff(streams.targets, axis=0) != 0.0).any(axis=1)) + 1
    end_s = float(streams.state_time_s[-1])
    happens = np.concatenate([streams.target_time_s[changes], streams.event_time_s])
    happens = np.sort(happens[(happens >= 0.0) & (happens <= end_s)])
    if not len(happens):
        return
    breaks = np.flatnonzero(np.diff(happens) > _IDLE_S)
    starts = np.concatenate([happens[:1], happens[breaks + 1]])
    ends = np.concatenate([happens[breaks], happens[-1:]])
    for first, last in zip(starts.tolist(), ends.tolist(), strict=True):
        begin = max(first - WARM_UP_S, 0.0)
        until = min(last + _IDLE_S / 2, end_s)
        if until - begin >= WARM_UP_S + TAIL_S + 0.5:
            yield begin, until


def _pieces(streams: _Streams, active: tuple[float, float]) -> list[tuple[float, float]]:
    """Cut at the slowest moments, some seconds apart; while a key moves only what is too long."""
    shortest, longest = _PIECE_S
    first, last = active
    time_s, moving = streams.state_time_s, _speeds(streams)
    speed = np.where(_near_event(streams, time_s), np.inf, moving)
    cuts = [first]
    while last - cuts[-1] > longest:
        inside = (time_s >= cuts[-1] + shortest) & (time_s <= last - shortest)
        late, pace = inside & np.isfinite(speed), speed
        if not late.any():
            if last - cuts[-1] <= LONGEST_S:
                break
            late, pace = inside, moving
        near = late & (time_s <= cuts[-1] + longest)
        where = np.flatnonzero(near) if near.any() else np.flatnonzero(late)[:1]
        cuts.append(float(time_s[where[np.argmin(pace[where])]]))
    return list(zip(cuts, [*cuts[1:], last], strict=True))


def _near_event(streams: _Streams, time_s: Floats) -> NDArray[np.bool_]:
    """Whether a key has just moved or is about to, shape of `time_s`."""
    events = np.concatenate([[-np.inf], streams.event_time_s, [np.inf]])
    after = np.searchsorted(events, time_s, side="right")
    return np.minimum(time_s - events[after - 1], events[after] - time_s) < TAIL_S


def _speeds(streams: _Streams) -> Floats:
    """How fast the hand is, one number for each joint state [rad/s]."""
    scaled = streams.positions.copy()
    scaled[:, 0] /= _RAIL_M_PER_RAD
    moved = np.abs(scaled[6:] - scaled[:-6]).sum(axis=1)
    elapsed = streams.state_time_s[6:] - streams.state_time_s[:-6]
    return np.pad(moved / elapsed, 3, mode="edge")[: len(scaled)]


def _segment(streams: _Streams, first: float, last: float) -> Segment:
    """One piece; at the start of a recording nothing needs warming up: the hand is at rest."""
    end = min(last + WARM_UP_S + TAIL_S, float(streams.state_time_s[-1]))
    states = (streams.state_time_s >= first) & (streams.state_time_s <= end)
    before = np.searchsorted(streams.target_time_s, first - _UNDER_WAY_S, side="right") - 1
    sent = slice(max(int(before), 0), int(np.searchsorted(streams.target_time_s, end)))
    events = (streams.event_time_s >= first) & (streams.event_time_s <= end)
    positions, velocities = _start(streams, first)
    earlier = streams.event_time_s < first
    sounding = np.zeros(streams.n_keys, np.bool_)
    for key, down in zip(streams.event_keys[earlier], streams.event_down[earlier], strict=True):
        sounding[key] = down
    return Segment(
        name=f"{streams.name}@{first:.1f}s",
        duration_s=end - first,
        warm_up_s=WARM_UP_S if first > 0.0 else 0.0,
        tail_s=TAIL_S,
        start_positions=positions,
        start_velocities=velocities,
        state_time_s=streams.state_time_s[states] - first,
        positions=streams.positions[states],
        velocities=streams.velocities[states],
        efforts=streams.efforts[states],
        target_time_s=streams.target_time_s[sent] - first,
        targets=streams.targets[sent],
        event_time_s=streams.event_time_s[events] - first,
        event_keys=streams.event_keys[events],
        event_down=streams.event_down[events],
        sounding=sounding,
    )


def _start(streams: _Streams, first: float) -> tuple[Floats, Floats]:
    """Positions and velocities at a moment: a line through the readings around it.

    Where readings have no noise, the reading itself is better.
    """
    near = np.abs(streams.state_time_s - first) <= _AROUND_S
    at = int(np.argmin(np.abs(streams.state_time_s - first)))
    if near.sum() < 3 or not reading_noise(streams.positions).any():
        velocity = np.nan_to_num(streams.velocities[at])
        return streams.positions[at].copy(), velocity
    slope, value = np.polyfit(streams.state_time_s[near] - first, streams.positions[near], 1)
    return value, slope

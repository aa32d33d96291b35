"""Reading recordings back as typed arrays; needs no ROS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.recordings.codec import codec_of, stamp_ns
from calibration.recordings.errors import RecordingError
from calibration.recordings.fields import NOT_KNOWN, performance_of
from calibration.recordings.folders import Bag, read_bag
from calibration.recordings.provenance import Provenance
from calibration.recordings.recording import (
    Diagnostic,
    JointStates,
    JointTargets,
    KeyEvents,
    Recording,
)
from calibration.recordings.repair import repair_bag, repaired_folder
from calibration.recordings.topics import (
    DIAGNOSTICS,
    JOINT_STATES,
    JOINT_TRAJECTORY,
    KEY_EVENTS,
    MESSAGE_TYPES,
    PERFORMANCE,
    SENT_TARGETS,
)

Decoded = Sequence[tuple[int, Any]]
"""Messages of one topic: when each was received on the monotonic clock [ns], and what it says."""


def read_recording(path: Path) -> Recording:
    """Read a recording; one that was never finished is repaired into a new one beside it first.

    Args:
        path: Folder of the recording, or of the run that it belongs to.

    Raises:
        RecordingError: When there is no recording, it is still being written, nothing of it can be
            saved, or its messages make no sense. Whether it can be *trusted* says `check_valid`.
    """
    bag = read_bag(path)
    if not bag.finished:
        repaired = repaired_folder(bag.folder)
        bag = read_bag(repaired if repaired.is_dir() else repair_bag(bag))
    try:
        return _decode(bag)
    except AttributeError as error:  # a message of that name, but of other fields
        raise RecordingError(f"{bag.folder}: a message lacks a field: {error}") from error
    except (RecordingError, ValueError, OverflowError) as error:
        raise RecordingError(f"{bag.folder}: {error}") from error


def _decode(bag: Bag) -> Recording:
    provenance = Provenance.from_notes(bag.contents.notes)
    offset_ns = provenance.clock_offset_ns
    streams = _decoded_streams(bag, offset_ns)
    names = _joint_names(streams)
    performance, score_zero_ns = _performance(streams[PERFORMANCE], provenance)
    return Recording(
        folder=bag.folder,
        joint_names=names,
        states=_joint_states(streams[JOINT_STATES], names, offset_ns),
        sent=_targets(streams[SENT_TARGETS], names, offset_ns),
        asked=_targets(streams[JOINT_TRAJECTORY], names, offset_ns),
        events=_key_events(streams[KEY_EVENTS], offset_ns),
        diagnostics=_diagnostics(streams[DIAGNOSTICS], offset_ns),
        performance=performance,
        score_zero_ns=score_zero_ns,
        provenance=provenance,
        notes=dict(bag.contents.notes),
    )


def _decoded_streams(bag: Bag, offset_ns: int) -> dict[str, list[tuple[int, Any]]]:
    """The messages of our topics; others, and other types under our names, are not ours."""
    ours = {t.name: t for t in bag.contents.topics if t.name in MESSAGE_TYPES}
    for name, topic in ours.items():
        if topic.message_type != MESSAGE_TYPES[name]:
            raise RecordingError(
                f"{name} holds {topic.message_type}, it must hold {MESSAGE_TYPES[name]}"
            )
    codec = codec_of(tuple(sorted({(topic.message_type, topic.schema) for topic in ours.values()})))
    streams: dict[str, list[tuple[int, Any]]] = {name: [] for name in MESSAGE_TYPES}
    for raw in bag.contents.messages:
        if raw.topic in ours:
            message = codec.decode(raw.data, MESSAGE_TYPES[raw.topic])
            streams[raw.topic].append((raw.time_ns - offset_ns, message))
    return streams


def _joint_names(streams: dict[str, list[tuple[int, Any]]]) -> tuple[str, ...]:
    """Of the first message that has some."""
    states, sent, asked = (streams[t] for t in (JOINT_STATES, SENT_TARGETS, JOINT_TRAJECTORY))
    for messages, field in ((states, "name"), (sent, "joint_names"), (asked, "joint_names")):
        if messages:
            return tuple(getattr(messages[0][1], field))
    return ()


def _joint_states(messages: Decoded, names: tuple[str, ...], offset_ns: int) -> JointStates:
    def column(field: str) -> NDArray[np.float64]:
        rows = [_row(m.name, getattr(m, field), names, JOINT_STATES) for _, m in messages]
        return np.array(rows, np.float64).reshape(len(rows), len(names))

    return JointStates(
        np.array([_stamp(m) - offset_ns for _, m in messages], np.int64),
        np.array([received for received, _ in messages], np.int64),
        column("position"),
        column("velocity"),
        column("effort"),
    )


def _targets(messages: Decoded, names: tuple[str, ...], offset_ns: int) -> JointTargets:
    rows, times = [], []
    for received, message in messages:
        if len(message.points) != 1:
            raise RecordingError(f"targets must have one point, not {len(message.points)}")
        positions = message.points[0].positions
        rows.append(_row(message.joint_names, positions, names, "targets"))
        stamp = _stamp(message)  # 0: "now", as trajectory controllers expect
        times.append(stamp - offset_ns if stamp else received)
    return JointTargets(
        np.array(times, np.int64), np.array(rows, np.float64).reshape(len(rows), len(names))
    )


def _row(
    given: Sequence[str], values: NDArray[np.float64], names: tuple[str, ...], what: str
) -> NDArray[np.float64]:
    """Values in the order of `names`; NaN where a message tells none."""
    if not len(values):
        return np.full(len(names), np.nan)
    if len(values) != len(given) or len(given) != len(names):
        raise RecordingError(f"{what}: {len(values)} values for the joints {', '.join(names)}")
    if tuple(given) == names:
        return np.asarray(values, np.float64)
    by_name = dict(zip(given, values, strict=True))
    if set(by_name) != set(names):
        raise RecordingError(f"{what}: joints {', '.join(given)}, before {', '.join(names)}")
    return np.array([by_name[name] for name in names])


def _key_events(messages: Decoded, offset_ns: int) -> KeyEvents:
    return KeyEvents(
        np.array([m.monotonic_ns for _, m in messages], np.int64),
        np.array([_stamp(m) - offset_ns for _, m in messages], np.int64),
        np.array([m.key for _, m in messages], np.int64),
        np.array([m.down for _, m in messages], np.bool_),
        np.array([m.velocity for _, m in messages], np.int64),
    )


def _diagnostics(messages: Decoded, offset_ns: int) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(
            _stamp(message) - offset_ns,
            status.name,
            int(status.level),
            status.message,
            {pair.key: pair.value for pair in status.values},
        )
        for _, message in messages
        for status in message.status
    )


def _performance(messages: Decoded, provenance: Provenance) -> tuple[Any, int | None]:
    if not messages:
        return None, None
    message = messages[-1][1]
    zero_ns = int(getattr(message, "score_zero_ns", NOT_KNOWN))
    return (
        performance_of(message, provenance.versions),
        None if zero_ns == NOT_KNOWN else zero_ns,
    )


def _stamp(message: Any) -> int:  # noqa: ANN401
    return stamp_ns(message.header.stamp)

"""Recorded beside simulated motion, for the report."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.report.charts import Line, Press, keys_chart, trace_chart
from calibration.residuals import Replay, Segment
from calibration.residuals.keys import crossings
from calibration.study.case import Case
from score import pitch_name
from sim import PHYSICS_STEP_S, RAIL, PhysicsParameters

Floats = NDArray[np.float64]

_SEGMENTS = 3
_JOINTS = 4
_EVERY = 2  # physics steps between two points of a line: nobody sees more


def overlays(case: Case, tried: Mapping[str, tuple[PhysicsParameters, float]]) -> str:
    """Sections of held-out segments: keys, and the joints that move most.

    Args:
        case: Recordings and simulator.
        tried: Parameters and state delay [s] of what is drawn over the recording, by kind:
            `before`, `after`.
    """
    replays = {kind: case.held_out.replay(*one) for kind, one in tried.items()}
    shown = [(kind, each) for kind, each in replays.items() if each]
    sections = []
    for index, segment in enumerate(case.judging[:_SEGMENTS]):
        sections.append(_section(case, segment, [(kind, each[index]) for kind, each in shown]))
    return "\n".join(sections)


def _section(case: Case, segment: Segment, replays: Sequence[tuple[str, Replay]]) -> str:
    rig, length = case.free.rig, segment.duration_s
    keyboard = rig.keyboard
    names = [pitch_name(keyboard.lowest_pitch + key) for key in range(keyboard.n_keys)]
    presses = [*_recorded(segment), *(p for kind, r in replays for p in _simulated(kind, r))]
    span = np.ptp(segment.positions, axis=0)
    joints = np.argsort(-span / np.where(np.arange(len(span)) == 0, 0.04, 1.0))[:_JOINTS]
    charts = [keys_chart(presses, names, length)]
    for joint in joints.tolist():
        name = rig.joint_names[joint]
        lines = [Line("real", segment.state_time_s, segment.positions[:, joint])]
        for kind, replay in replays:
            values = replay.positions[::_EVERY, joint]
            time_s = np.arange(len(values)) * (PHYSICS_STEP_S * _EVERY) + replay.state_delay_s
            lines.append(Line(kind, np.asarray(time_s, np.float64), values))
        charts.append(trace_chart(name, "m" if name == RAIL else "rad", lines, length))
    return f"<h3>{html.escape(segment.name)}</h3>\n<div class='charts'>{''.join(charts)}</div>"


def _recorded(segment: Segment) -> Iterator[Press]:
    rows = zip(segment.event_time_s, segment.event_keys, segment.event_down, strict=True)
    sounding = np.flatnonzero(segment.sounding).tolist()
    yield from _presses(
        "real", sounding, [(float(t), int(k), bool(d)) for t, k, d in rows], segment
    )


def _simulated(kind: str, replay: Replay) -> Iterator[Press]:
    found = crossings(replay)
    rows = zip(found.time_s, found.keys, found.down, strict=True)
    sounding = np.flatnonzero(replay.segment.sounding).tolist()
    events = sorted((float(t), int(k), bool(d)) for t, k, d in rows)
    yield from _presses(kind, sounding, events, replay.segment)


def _presses(
    kind: str, sounding: Sequence[int], events: Sequence[tuple[float, int, bool]], segment: Segment
) -> Iterator[Press]:
    since_s = dict.fromkeys(sounding, 0.0)
    for time_s, key, down in events:
        if down:
            since_s.setdefault(key, time_s)
        elif key in since_s:
            yield Press(kind, key, since_s.pop(key), time_s)
    for key, start_s in since_s.items():
        yield Press(kind, key, start_s, segment.duration_s)

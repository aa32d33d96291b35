"""Drawings of a calibration as inline SVG: intervals, joints over time, keys over time."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_WIDTH = 900.0
_TRACE_HEIGHT = 110.0
_LANE = 16.0
_BAR = (220.0, 18.0)


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a chart.

    Attributes:
        kind: How it is drawn: `real`, `before` or `after`.
        time_s: Shape `(t,)` [s].
        values: Shape `(t,)`.
    """

    kind: str
    time_s: Floats
    values: Floats


@dataclass(frozen=True)
class Press:
    """A key while it sounds.

    Attributes:
        kind: Whose: `real`, `before` or `after`.
        key: Index on the keyboard.
        start_s: When it was pressed [s].
        end_s: When it was released [s].
    """

    kind: str
    key: int
    start_s: float
    end_s: float


def interval_bar(interval: tuple[float, float, float], known: float) -> str:
    """An interval between its bounds, all as shares of the way from the lower to the upper one.

    Args:
        interval: Lower end, fit, upper end.
        known: What was known before.
    """
    low, fit, high = interval
    width, height = _BAR
    middle = height / 2
    parts = [
        f'<path class="range" d="M0 {middle}H{width}"/>',
        f'<rect class="interval" x="{low * width:.1f}" y="{middle - 4}" '
        f'width="{max((high - low) * width, 2.0):.1f}" height="8" rx="2"/>',
        f'<path class="known" d="M{known * width:.1f} 2V{height - 2}"/>',
        f'<circle class="fit" cx="{fit * width:.1f}" cy="{middle}" r="4"/>',
    ]
    return _svg(width, height, parts)


def trace_chart(name: str, unit: str, lines: Sequence[Line], duration_s: float) -> str:
    """A joint over time, recorded and simulated."""
    values = np.concatenate([line.values for line in lines])
    low, high = float(values.min()), float(values.max())
    span = max(high - low, 1e-9)
    parts = _seconds(duration_s, _TRACE_HEIGHT)
    for line in lines:
        x = line.time_s / duration_s * _WIDTH
        y = (1.0 - (line.values - low) / span) * (_TRACE_HEIGHT - 24) + 18
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        parts.append(f'<polyline class="{line.kind}" points="{points}"/>')
    label = f"{name}: {low:.3f} to {high:.3f} {unit}"
    parts.append(f'<text x="2" y="12">{html.escape(label)}</text>')
    return _svg(_WIDTH, _TRACE_HEIGHT, parts)


def keys_chart(presses: Sequence[Press], names: Sequence[str], duration_s: float) -> str:
    """Keys over time: recorded above, simulated below, one lane a key.

    Args:
        presses: What sounds when.
        names: Of all keys of the keyboard.
        duration_s: Length of the chart [s].
    """
    lanes = sorted({press.key for press in presses}, reverse=True)
    kinds = ("real", "before", "after")
    height = max(len(lanes), 1) * _LANE + 4
    parts = _seconds(duration_s, height)
    for press in presses:
        top = lanes.index(press.key) * _LANE + 2 + 4.5 * kinds.index(press.kind)
        x, end = (time_s / duration_s * _WIDTH for time_s in (press.start_s, press.end_s))
        title = f"{names[press.key]}, {press.start_s:.3f} to {press.end_s:.3f} s"
        parts.append(
            f'<rect class="{press.kind}" x="{x:.1f}" y="{top:.1f}" '
            f'width="{max(end - x, 1.5):.1f}" height="3.5">'
            f"<title>{html.escape(title)}</title></rect>"
        )
    for lane, key in enumerate(lanes):
        y = lane * _LANE + 13
        parts.append(f'<text x="{_WIDTH - 2}" y="{y}" class="end">{html.escape(names[key])}</text>')
    return _svg(_WIDTH, height, parts)


def _seconds(duration_s: float, height: float) -> list[str]:
    marks = range(1, int(duration_s) + 1)
    return [
        f'<path class="grid" d="M{second / duration_s * _WIDTH:.1f} 0V{height:.1f}"/>'
        for second in marks
    ]


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    box = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}>{"".join(parts)}</svg>'

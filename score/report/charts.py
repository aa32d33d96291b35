"""Drawings of a performance over time, as inline SVG: the piano roll and the timing errors."""

from __future__ import annotations

from dataclasses import dataclass

from score.limits import pitch_name
from score.notes import Note
from score.report.names import is_black, signed_ms
from score.report.pairs import ON_TIME_S, Comparison, Pair

_WIDTH = 1016.0  # what the page has beside the labels
_LEAST_PER_SECOND = 56.0
_ROW = 15.0
_TIMING_HEIGHT = 150.0
_TIMING_RANGE_S = 0.125

Box = tuple[float, float, float, float]  # x, y, width, height [px]


@dataclass(frozen=True)
class Scale:
    """From seconds to pixels; both charts share it, so that they line up.

    Attributes:
        duration_s: length of the charts.
        per_second: pixels of one second.
    """

    duration_s: float
    per_second: float

    @classmethod
    def fitting(cls, duration_s: float) -> Scale:
        """Fill the page's width, but never squeeze a second below what can be read."""
        return cls(duration_s, max(_WIDTH / duration_s, _LEAST_PER_SECOND))

    @property
    def width(self) -> float:
        """Width of the charts [px]."""
        return self.duration_s * self.per_second

    @property
    def seconds(self) -> range:
        """The whole seconds that get a line."""
        return range(1, int(self.duration_s) + 1)

    def x(self, time_s: float) -> float:
        """Pixels from the left edge."""
        return min(time_s, self.duration_s) * self.per_second


@dataclass(frozen=True)
class Chart:
    """A drawing and the labels that stay at its left while it scrolls.

    Attributes:
        labels: SVG of the labels.
        drawing: SVG of the drawing.
    """

    labels: str
    drawing: str


def piano_roll(notes: Comparison, scale: Scale) -> Chart:
    """Target notes as outlines, what was played as bars inside them, coloured by outcome."""
    pitches = [pair.due.pitch for pair in notes.pairs] + [note.pitch for note in notes.extra]
    low, high = min(pitches) - 1, max(pitches) + 1
    height = (high - low + 1) * _ROW

    def top(pitch: int) -> float:
        return (high - pitch) * _ROW

    rows = range(low, high + 1)
    parts = [_rect((0, top(p), scale.width, _ROW), "row black") for p in rows if is_black(p)]
    parts += [_grid(scale, second, height) for second in scale.seconds]
    parts += [_due(pair, scale, top(pair.due.pitch)) for pair in notes.pairs]
    played = [(pair.played, _outcome(pair)) for pair in notes.pairs]
    played += [(note, "extra") for note in notes.extra]
    parts += [_played(note, scale, top(note.pitch), kind) for note, kind in played if note]
    names = [_label(top(p) + _ROW - 4, pitch_name(p)) for p in rows if not is_black(p)]
    return Chart(_svg(44, height, names), _svg(scale.width, height, [*parts, _cursor(height)]))


def timing_chart(notes: Comparison, scale: Scale) -> Chart:
    """Onset error of every due note over time: late above, early below, missed on the line."""

    def y(error_s: float) -> float:
        clipped = max(-_TIMING_RANGE_S, min(_TIMING_RANGE_S, error_s))
        return (0.5 - clipped / _TIMING_RANGE_S * 0.45) * _TIMING_HEIGHT

    band = y(-ON_TIME_S) - y(ON_TIME_S)
    parts = [_rect((0, y(ON_TIME_S), scale.width, band), "band")]
    for second in scale.seconds:
        parts += [_grid(scale, second, _TIMING_HEIGHT), _second(scale, second)]
    parts.append(f'<path class="zero" d="M0 {y(0):.1f}H{scale.width:.1f}"/>')
    for pair in notes.pairs:
        error = pair.error_s
        at = (scale.x(pair.due.start_s), y(error or 0.0))
        parts.append(_missed(*at, pair) if error is None else _stem(*at, y(0), pair))
    labels = [_label(y(ms / 1000) + 4, f"{ms:+d}" if ms else "0 ms") for ms in range(-100, 101, 50)]
    drawing = _svg(scale.width, _TIMING_HEIGHT, [*parts, _cursor(_TIMING_HEIGHT)])
    return Chart(_svg(44, _TIMING_HEIGHT, labels), drawing)


def _outcome(pair: Pair) -> str:
    error = pair.error_s
    if error is None:
        return "missed"
    return "hit" if abs(error) <= ON_TIME_S else "off"


def _due(pair: Pair, scale: Scale, top: float) -> str:
    kind = "due missed" if pair.played is None else "due"
    text = f"{_when(pair.due)}: {_verdict(pair)}"
    return _rect(_note_box(pair.due, scale, top + 1.5, _ROW - 3), kind, text)


def _played(note: Note, scale: Scale, top: float, kind: str) -> str:
    text = f"{_when(note)}: answers no due note" if kind == "extra" else f"played {_when(note)}"
    return _rect(_note_box(note, scale, top + 4, _ROW - 8), f"played {kind}", text)


def _note_box(note: Note, scale: Scale, top: float, height: float) -> Box:
    left = scale.x(note.start_s)
    return left, top, max(scale.x(note.end_s) - left, 2.0), height


def _when(note: Note) -> str:
    return f"{pitch_name(note.pitch)} at {note.start_s:.2f} s"


def _verdict(pair: Pair) -> str:
    return "missed" if pair.error_s is None else signed_ms(pair.error_s)


def _stem(x: float, y: float, zero: float, pair: Pair) -> str:
    kind = _outcome(pair)
    return (
        f'<g class="stem {kind}"><path d="M{x:.1f} {zero:.1f}V{y:.1f}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4">{_title(f"{_when(pair.due)}: {_verdict(pair)}")}'
        "</circle></g>"
    )


def _missed(x: float, y: float, pair: Pair) -> str:
    cross = f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"
    return f'<path class="cross" d="{cross}">{_title(f"{_when(pair.due)}: missed")}</path>'


def _grid(scale: Scale, second: int, height: float) -> str:
    return f'<path class="grid" d="M{scale.x(second):.1f} 0V{height:.1f}"/>'


def _second(scale: Scale, second: int) -> str:
    x, y = scale.x(second) + 3, _TIMING_HEIGHT - 4
    return f'<text class="second" x="{x:.1f}" y="{y:.1f}">{second} s</text>'


def _rect(box: Box, kind: str, text: str = "") -> str:
    x, y, width, height = box
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" {place} rx="2">{_title(text)}</rect>'


def _title(text: str) -> str:
    return f"<title>{text}</title>" if text else ""


def _label(y: float, text: str) -> str:
    return f'<text class="label" x="38" y="{y:.1f}">{text}</text>'


def _cursor(height: float) -> str:
    return f'<path class="cursor" d="M0 0V{height:.1f}"/>'


def _svg(width: float, height: float, parts: list[str]) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.1f} {height:.1f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'

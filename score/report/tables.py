"""The page's cards and its table of keys, as HTML."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

from score.limits import pitch_name
from score.performance import Performance
from score.report.names import signed_ms
from score.report.pairs import ON_TIME_S, Comparison


@dataclass(frozen=True)
class KeyRow:
    """How one key was played.

    Attributes:
        pitch: MIDI number.
        due: notes asked for.
        hit: notes answered.
        extra: presses that answered no due note.
        mean_error_s: mean onset error of the hits [s]; None without one.
    """

    pitch: int
    due: int
    hit: int
    extra: int
    mean_error_s: float | None


def key_rows(notes: Comparison) -> Iterator[KeyRow]:
    """One row for each key that was due or played, lowest first."""
    extra = [note.pitch for note in notes.extra]
    for pitch in sorted({pair.due.pitch for pair in notes.pairs} | set(extra)):
        errors = [pair.error_s for pair in notes.pairs if pair.due.pitch == pitch]
        hits = [error for error in errors if error is not None]
        mean = fmean(hits) if hits else None
        yield KeyRow(pitch, len(errors), len(hits), extra.count(pitch), mean)


def key_table(notes: Comparison) -> str:
    """Rows of the table of keys."""
    return "\n".join(_key_row(row) for row in key_rows(notes))


def cards(performance: Performance, notes: Comparison) -> str:
    """The numbers that matter, each with what it means."""
    frame, note, onset = performance.frame, performance.note, performance.onset_error_ms
    hits = sum(pair.played is not None for pair in notes.pairs)
    on_time = sum(abs(p.error_s) <= ON_TIME_S for p in notes.pairs if p.error_s is not None)
    shown = [
        _card(
            "Frame F1",
            f"{frame.f1:.3f}",
            f"Right keys down, and only those, at every 50 ms: precision {frame.precision:.3f}, "
            f"recall {frame.recall:.3f}. Doing nothing would score {frame.do_nothing_f1:.3f}.",
            frame.f1,
        ),
        _card(
            "Note F1",
            f"{note.f1_50ms:.3f}",
            "Notes struck within 50 ms of their time, with none added. "
            f"Within 100 ms: {note.f1_100ms:.3f}.",
            note.f1_50ms,
        ),
        _card(
            "Notes",
            f"{hits} <small>of {len(notes.pairs)}</small>",
            f"Due notes that were answered; {on_time} of them within 50 ms.",
            hits / len(notes.pairs),
        ),
        _card("Timing", *_timing(onset.median, onset.p95)),
        _card(
            "Wrong keys",
            str(performance.wrong_keys),
            "Presses of keys that were not due around then."
            + _others(len(notes.extra) - performance.wrong_keys),
        ),
        _card("Tempo", *_tempo(performance)),
    ]
    return "\n".join(shown)


def chips(performance: Performance) -> str:
    """Who played what, on what."""
    facts = [
        ("rig", performance.rig),
        ("mode", performance.mode),
        ("policy", performance.policy),
        ("seed", performance.seed),
        ("duration", f"{performance.duration_s:.1f} s"),
    ]
    return "".join(
        f"<li><span>{name}</span> {html.escape(str(value))}</li>"
        for name, value in facts
        if value is not None
    )


def _card(name: str, value: str, meaning: str, share: float | None = None) -> str:
    meter = "" if share is None else f'<i class="meter"><b style="width:{share:.1%}"></b></i>'
    return (
        f'<article class="card"><h3>{name}</h3><p class="value">{value}</p>{meter}'
        f"<p>{meaning}</p></article>"
    )


def _others(count: int) -> str:
    if count <= 0:
        return ""
    presses = "1 more press" if count == 1 else f"{count} more presses"
    return f" {presses} answered no due note: struck again, or more than 250 ms off."


def _timing(median_ms: float | None, p95_ms: float | None) -> tuple[str, str]:
    if median_ms is None or p95_ms is None:
        return "n/a", "No note was close enough to a due one to measure its timing."
    number, _, word = signed_ms(median_ms / 1000).partition(" ms ")
    value = f"{number} <small>ms {word}</small>" if word else "0 <small>ms</small>"
    return value, f"The typical onset (median); 95 % of the notes are within {p95_ms:.0f} ms."


def _tempo(performance: Performance) -> tuple[str, str]:
    ratio, loop = performance.tempo_ratio, performance.loop
    value = "n/a" if ratio is None else f"{ratio:.3f} <small>times</small>"
    meaning = "Duration against the score: 1 is exact, more is slower."
    if loop.period_ms_p50 is not None:
        meaning += (
            f" The control loop ran at {loop.period_ms_p50:.1f} ms a step "
            f"(99th percentile {loop.period_ms_p99 or 0.0:.1f} ms, {loop.missed} missed)."
        )
    return value, meaning


def _key_row(row: KeyRow) -> str:
    missed = row.due - row.hit
    error = "" if row.mean_error_s is None else signed_ms(row.mean_error_s)
    return (
        f"<tr><th>{pitch_name(row.pitch)}</th><td>{row.pitch}</td><td>{row.due}</td>"
        f"<td>{row.hit}</td><td{_flag(missed, 'missed')}>{missed}</td>"
        f"<td{_flag(row.extra, 'extra')}>{row.extra}</td><td>{error}</td>"
        f"<td>{_error_bar(row.mean_error_s)}</td></tr>"
    )


def _flag(count: int, kind: str) -> str:
    return f' class="{kind}"' if count else ""


def _error_bar(error_s: float | None) -> str:
    """The mean error as a bar left (early) or right (late) of the middle; 100 ms fill a side."""
    if error_s is None:
        return ""
    width = min(abs(error_s) / 0.1, 1.0) * 50
    left = 50.0 if error_s >= 0 else 50.0 - width
    kind = "off" if abs(error_s) > ON_TIME_S else "hit"
    return (
        f'<i class="error"><b class="{kind}" style="left:{left:.1f}%;width:{width:.1f}%"></b></i>'
    )

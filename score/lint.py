"""Lint: what in a score a hand cannot play, and the transposition that suits a keyboard best."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

from score.grid import CONTROL_STEP_S
from score.limits import PlayingLimits, pitch_name
from score.notes import MAX_PITCH, Note, Score

Kind = Literal["out_of_range", "too_many_notes", "out_of_reach", "too_fast"]

_SLACK = 1e-9  # equal lengths and times are not "more"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in a score that a hand cannot play.

    Attributes:
        kind: `out_of_range`, `too_many_notes` (at once), `out_of_reach` (too far apart or too
            close together) or `too_fast` (for the key or for the hand).
        time_s: When, in the score's own time [s].
        pitches: The notes in question, lowest first.
        message: One line for a person.
    """

    kind: Kind
    time_s: float
    pitches: tuple[int, ...]
    message: str


@dataclass(frozen=True, slots=True)
class _Chord:
    """The notes that sound together at an onset, lowest first."""

    time_s: float
    pitches: tuple[int, ...]


def lint(score: Score, limits: PlayingLimits) -> tuple[Finding, ...]:
    """List what in a score cannot be played.

    Only what no way of playing could mend is listed; a score without findings may still be hard.
    A note that ends within a control step of an onset does not sound together with it.

    Args:
        score: Any score.
        limits: What the rig can play.

    Returns:
        The findings, sorted by time.
    """
    outside = [note for note in score.notes if not _has_key(note, limits)]
    inside = [note for note in score.notes if _has_key(note, limits)]
    chords = _chords(inside)
    findings = [_out_of_range(note, limits) for note in outside]
    for chord in chords:
        findings += _grip(chord, limits)
    for before, after in pairwise(chords):
        findings += _leap(before, after, limits)
    findings += _repeats(inside, limits)
    return tuple(sorted(findings, key=lambda finding: (finding.time_s, finding.pitches)))


def pitches_without_key(score: Score, lowest_pitch: int, n_keys: int) -> list[int]:
    """Pitches of a score that so many keys from the lowest on do not have, each once, sorted."""
    keys = range(lowest_pitch, lowest_pitch + n_keys)
    return sorted({note.pitch for note in score.notes} - set(keys))


def best_transposition(score: Score, limits: PlayingLimits) -> int:
    """The transposition [semitones] that leaves the fewest notes without a key.

    Of equally good ones 0 is preferred, then whole octaves, then the smallest (down before up).

    Args:
        score: Any score; a score without notes needs no transposition.
        limits: What the rig can play.
    """
    pitches = [note.pitch for note in score.notes] or [limits.lowest_pitch]
    keys = range(limits.lowest_pitch, limits.highest_pitch + 1)

    def cost(shift: int) -> tuple[int, bool, int, int]:
        missing = sum(pitch + shift not in keys for pitch in pitches)
        return missing, shift % 12 != 0, abs(shift), shift

    return min(range(-min(pitches), MAX_PITCH - max(pitches) + 1), key=cost)


def _has_key(note: Note, limits: PlayingLimits) -> bool:
    return limits.lowest_pitch <= note.pitch <= limits.highest_pitch


def _chords(notes: Sequence[Note]) -> list[_Chord]:
    chords, sounding = [], list[Note]()
    for time_s, started in groupby(notes, key=lambda note: note.start_s):
        sounding = [note for note in sounding if note.end_s > time_s + CONTROL_STEP_S + _SLACK]
        sounding += started
        chords.append(_Chord(time_s, tuple(sorted({note.pitch for note in sounding}))))
    return chords


def _out_of_range(note: Note, limits: PlayingLimits) -> Finding:
    low, high = pitch_name(limits.lowest_pitch), pitch_name(limits.highest_pitch)
    message = f"{pitch_name(note.pitch)} has no key: the keyboard goes from {low} to {high}"
    return Finding("out_of_range", note.start_s, (note.pitch,), message)


def _grip(chord: _Chord, limits: PlayingLimits) -> Iterator[Finding]:
    names = _names(chord.pitches)
    places_m = [limits.place_m(pitch) for pitch in chord.pitches]
    if len(places_m) > limits.n_fingers:
        message = f"{names} are {len(places_m)} notes at once for {limits.n_fingers} fingers"
        yield Finding("too_many_notes", chord.time_s, chord.pitches, message)
    span_m = max(places_m) - min(places_m)
    if span_m > limits.max_span_m + _SLACK:
        message = f"{names} are {_mm(span_m)} apart; the hand spans {_mm(limits.max_span_m)}"
        yield Finding("out_of_reach", chord.time_s, chord.pitches, message)
    closest_m = min((b - a for a, b in pairwise(sorted(places_m))), default=math.inf)
    if closest_m < limits.min_tip_distance_m - _SLACK:
        least = _mm(limits.min_tip_distance_m)
        message = f"{names} are only {_mm(closest_m)} apart; fingertips need {least}"
        yield Finding("out_of_reach", chord.time_s, chord.pitches, message)


def _leap(before: _Chord, after: _Chord, limits: PlayingLimits) -> Iterator[Finding]:
    """A finding when the hand cannot get from one chord to the next between their onsets.

    A hand of span `s` can play a chord from any place between its highest key minus `s` and its
    lowest key; it has to travel the gap between the two chords' ranges of places.
    """
    ends_m = []
    for chord in (before, after):
        places_m = [limits.place_m(pitch) for pitch in chord.pitches]
        ends_m.append((max(places_m) - limits.max_span_m, min(places_m)))
    (low_m, high_m), (next_low_m, next_high_m) = ends_m
    travel_m = max(next_low_m - high_m, low_m - next_high_m, 0.0)
    speed_m_s = travel_m / (after.time_s - before.time_s)
    if speed_m_s > limits.max_hand_speed_m_s + _SLACK:
        message = (
            f"from {_names(before.pitches)} to {_names(after.pitches)} the hand needs "
            f"{speed_m_s:.2f} m/s; it reaches {limits.max_hand_speed_m_s:.2f} m/s"
        )
        yield Finding("too_fast", after.time_s, after.pitches, message)


def _repeats(notes: Sequence[Note], limits: PlayingLimits) -> Iterator[Finding]:
    last: dict[int, float] = {}
    for note in notes:
        wait_s = note.start_s - last.get(note.pitch, -math.inf)
        last[note.pitch] = note.start_s
        if wait_s < limits.min_repeat_s - _SLACK:
            message = (
                f"{pitch_name(note.pitch)} is repeated after {wait_s:.3f} s; "
                f"a key takes {limits.min_repeat_s:.3f} s"
            )
            yield Finding("too_fast", note.start_s, (note.pitch,), message)


def _names(pitches: Sequence[int]) -> str:
    return "+".join(pitch_name(pitch) for pitch in pitches)


def _mm(length_m: float) -> str:
    return f"{1e3 * length_m:.0f} mm"

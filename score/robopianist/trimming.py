"""Cutting a sequence to its notes as note_seq's `extract_subsequence` does for RoboPianist."""

from __future__ import annotations

from dataclasses import replace

from score.errors import ScoreError
from score.robopianist.sequence import Control, Sequence, SequenceNote

PEDALS = (64, 66, 67)
"""Sustain, sostenuto, soft: the controllers that survive."""


def trimmed(sequence: Sequence) -> Sequence:
    """From the start of the first listed note to the end of the last listed one.

    Notes are listed by release, so a long first note that is released late is lost, and with
    several instruments the end can be cut.

    Raises:
        ScoreError: No notes, or the last listed note ends before the first listed one begins.
    """
    if not sequence.notes:
        raise ScoreError("there are no notes to cut silence from")
    start_s, end_s = sequence.notes[0].start_s, sequence.notes[-1].end_s
    if start_s >= end_s:
        raise ScoreError("the last listed note ends before the first listed one begins")
    by_start = sorted(sequence.notes, key=lambda note: note.start_s)
    notes = tuple(_cut(n, start_s, end_s) for n in by_start if start_s <= n.start_s < end_s)
    controls = _controls(sequence.controls, start_s, end_s)
    return Sequence(notes, controls, max((note.end_s for note in notes), default=0.0))


def _cut(note: SequenceNote, start_s: float, end_s: float) -> SequenceNote:
    return replace(note, start_s=note.start_s - start_s, end_s=min(note.end_s, end_s) - start_s)


def _controls(controls: tuple[Control, ...], start_s: float, end_s: float) -> tuple[Control, ...]:
    """Pedals within the cut; what came before it is one message for each pedal at 0 s."""
    pedals = sorted((c for c in controls if c.number in PEDALS), key=lambda c: c.time_s)
    before = {(c.instrument, c.number): c for c in pedals if c.time_s <= start_s}
    held = [replace(control, time_s=0.0) for control in before.values()]
    within = (c for c in pedals if start_s < c.time_s < end_s)
    return (*held, *(replace(c, time_s=c.time_s - start_s) for c in within))

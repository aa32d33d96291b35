"""Which played note answers which due note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from score.events import KeyEvent, notes_of_events
from score.goals import Goals
from score.notes import Note
from score.onsets import matched_onsets

ON_TIME_S = 0.05
"""An onset within this counts as on time [s]; the strict tolerance of note F1."""


@dataclass(frozen=True)
class Pair:
    """A due note and the played one that answers it.

    Attributes:
        due: the note asked for.
        played: the answer; None when the note was missed.
    """

    due: Note
    played: Note | None

    @property
    def error_s(self) -> float | None:
        """Onset error [s], positive when late; None when the note was missed."""
        return None if self.played is None else self.played.start_s - self.due.start_s


@dataclass(frozen=True)
class Comparison:
    """A performance note by note.

    Attributes:
        pairs: one for each due note, in the score's order.
        extra: played notes that answer no due note, sorted by start.
    """

    pairs: tuple[Pair, ...]
    extra: tuple[Note, ...]


def compare_notes(goals: Goals, events: Sequence[KeyEvent]) -> Comparison:
    """Pair due and played notes by the rule of `matched_onsets`.

    Args:
        goals: what was due.
        events: what the keyboard reported, in any order.
    """
    played = notes_of_events(events, goals.lowest_pitch, goals.duration_s)
    answers: dict[tuple[int, float], Note] = {}
    for pitch in {note.pitch for note in goals.score.notes}:
        due_here = [note for note in goals.score.notes if note.pitch == pitch]
        by_start = {note.start_s: note for note in played if note.pitch == pitch}
        onsets = matched_onsets(due_here, list(by_start.values()))
        answers |= {(pitch, due_s): by_start[played_s] for due_s, played_s in onsets.tolist()}
    taken = {id(note) for note in answers.values()}
    return Comparison(
        tuple(Pair(note, answers.get((note.pitch, note.start_s))) for note in goals.score.notes),
        tuple(note for note in played if id(note) not in taken),
    )

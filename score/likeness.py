"""Whether one song is a copy of another, in whatever key and tempo."""

from itertools import groupby

from score.notes import Score

CHORDS = 4
"""Onsets in a row that are compared; four of another piece seldom agree in every voice."""

COPY_FROM = 0.5
"""Share of passages in common from which one song counts as a copy of another."""


def likeness(one: Score, other: Score) -> float:
    """The share of passages of the less varied song that the other has too, 0 to 1.

    A passage is what begins at four onsets in a row, without tempo, rhythm and key. Versions of a
    song in another key or tempo have likeness 1.
    """
    passages, others = _passages(one), _passages(other)
    fewer = min(len(passages), len(others))
    return len(passages & others) / fewer if fewer else 0.0


def _passages(score: Score) -> set[tuple[tuple[int, ...], ...]]:
    onsets = groupby(score.notes, key=lambda note: round(note.start_s, 3))
    chords = [tuple(sorted(note.pitch for note in notes)) for _, notes in onsets]
    parts = (chords[i : i + CHORDS] for i in range(len(chords) - CHORDS + 1))
    return {tuple(tuple(pitch - part[0][0] for pitch in chord) for chord in part) for part in parts}

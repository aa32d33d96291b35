"""From a MIDI file to goals by the published rules."""

from __future__ import annotations

from itertools import pairwise
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from score.corpus import is_corpus_name, load_corpus_song
from score.errors import ScoreError
from score.goals import Goals, Press
from score.grid import CONTROL_STEP_S
from score.library import song_path
from score.midi_read import MAX_DURATION_S
from score.notes import Note, Pedal, Score
from score.robopianist.reading import read_sequence
from score.robopianist.rolls import N_KEYS, Rolls, make_rolls
from score.robopianist.sequence import LOWEST_PITCH, Sequence, SequenceNote
from score.robopianist.trimming import trimmed

Booleans = NDArray[np.bool_]


def load_goals(
    song: str | PathLike[str], *, stretch: float = 1.0, shift: int = 0, trim: bool = True
) -> Goals:
    """Goals of a file for 88 keys, as RoboPianist's task with these settings has them.

    Args:
        song: Name of a song of the library or the corpus, or path of a MIDI file.
        stretch: Factor of all times.
        shift: Semitones up.
        trim: Whether silence at both ends is cut off.

    Returns:
        Goals whose score holds the notes of the rolls, on the control grid: a note begins and ends
        with the steps in which its key is due.

    Raises:
        MidiError: The file cannot be read.
        ScoreError: No such song, no note is left, its silence cannot be cut, it lasts more than two
            hours, or `stretch` is not above 0.
    """
    if not stretch > 0.0:
        raise ScoreError(f"times cannot be multiplied by {stretch:g}: give a number above 0")
    name, sequence = _read(song)
    sequence = sequence.stretched(stretch).transposed(shift)
    if not sequence.total_s <= MAX_DURATION_S:
        hours = MAX_DURATION_S / 3600.0
        raise ScoreError(f"{str(song)!r}, times by {stretch:g}, lasts more than {hours:g} hours")
    try:
        rolls = make_rolls(trimmed(sequence) if trim else sequence)
    except ScoreError as error:
        raise ScoreError(f"{str(song)!r}: {error}") from error
    if not rolls.keys.any():
        raise ScoreError(f"{str(song)!r} has no note on 88 keys")
    return goals_of_rolls(name, rolls)


def goals_of_rolls(name: str, rolls: Rolls) -> Goals:
    """Goals whose rows are given, as a recorded episode holds them."""
    presses = _presses(rolls.keys)
    score = Score(name, _notes(presses), _pedal(rolls))
    return Goals(name, score, LOWEST_PITCH, N_KEYS, rolls.keys, rolls.sustain, presses)


def _read(song: str | PathLike[str]) -> tuple[str, Sequence]:
    """Name and notes; a song of the corpus is no file, and its notes go by their releases too."""
    if not is_corpus_name(song):
        path = song_path(song)
        return path.stem, read_sequence(path)
    score = load_corpus_song(str(song))
    notes = sorted(score.notes, key=lambda note: (note.end_s, note.pitch))
    as_held = (SequenceNote(n.start_s, n.end_s, n.pitch, n.velocity, False, 0) for n in notes)
    return score.name, Sequence(tuple(as_held), (), score.duration_s)


def _presses(keys: Booleans) -> tuple[Press, ...]:
    """Every stretch of rows in which a key is due, by start, then key."""
    padded = np.pad(keys, ((1, 1), (0, 0)))
    edges = [np.flatnonzero(np.diff(column.astype(np.int8))) for column in padded.T]
    of_keys = (
        Press(key, int(start), int(end))
        for key, found in enumerate(edges)
        for start, end in found.reshape(-1, 2)
    )
    return tuple(sorted(of_keys, key=lambda press: (press.start, press.key)))


def _notes(presses: tuple[Press, ...]) -> tuple[Note, ...]:
    """A row is due at the end of its step, as everywhere in `score`."""
    step = CONTROL_STEP_S
    return tuple(
        Note(LOWEST_PITCH + p.key, (p.start + 1) * step, (p.end + 1) * step) for p in presses
    )


def _pedal(rolls: Rolls) -> tuple[Pedal, ...]:
    moves = pairwise([False, *rolls.sustain.tolist()])
    return tuple(
        Pedal((row + 1) * CONTROL_STEP_S, now) for row, (was, now) in enumerate(moves) if was != now
    )

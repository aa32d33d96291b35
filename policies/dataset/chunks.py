"""Songs as RP1M cuts them: goals of at most 550 control steps."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from policies.errors import DatasetError
from score import (
    CONTROL_STEP_S,
    Goals,
    Note,
    Pedal,
    Press,
    Score,
    load_song,
    pitch_name,
    pitches_without_key,
)
from score.robopianist import load_goals
from score.robopianist.rolls import N_KEYS
from score.robopianist.sequence import LOWEST_PITCH

CHUNK_STEPS = 550
"""Most control steps of a chunk (27.5 s), RP1M's."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a song, played on its own.

    Attributes:
        song: name of the song.
        index: which part of it, from 0.
        first_step: its first control step in the song.
        goals: what is due, named as the chunk.
    """

    song: str
    index: int
    first_step: int
    goals: Goals

    @property
    def name(self) -> str:
        """Of its group in a dataset."""
        return self.goals.name

    @property
    def digest(self) -> str:
        """SHA-256 of what is due."""
        rolls = np.column_stack([self.goals.keys, self.goals.sustain])
        return hashlib.sha256(f"{rolls.shape}".encode() + np.packbits(rolls).tobytes()).hexdigest()


def load_chunks(songs: list[str], stretch: float) -> list[Chunk]:
    """Chunks of songs by RoboPianist's rules, in order.

    Args:
        songs: names of songs of the library or the corpus, or MIDI files.
        stretch: factor of all times; RP1M slows Twinkle to 1.25.

    Raises:
        DatasetError: no songs, two of one name, or a note outside 88 keys.
        ScoreError: a song that cannot be read, or without a note.
    """
    if not songs:
        raise DatasetError("no songs: name at least one, from library or corpus, or a MIDI file")
    loaded = [_load(song, stretch) for song in songs]
    names = [goals.name for goals in loaded]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DatasetError(f"two songs are called {twice[0]!r}: name each once, rename the file")
    return [chunk for goals in loaded for chunk in cut(goals)]


def _load(song: str, stretch: float) -> Goals:
    # RoboPianist leaves such notes out without a word; a corpus would then not be what it says.
    if beyond := pitches_without_key(load_song(song), LOWEST_PITCH, N_KEYS):
        raise DatasetError(
            f"{song}: {pitch_name(beyond[0])} (pitch {beyond[0]}) has no key among "
            f"{N_KEYS}: transpose the song or leave it out"
        )
    return load_goals(song, stretch=stretch)


def cut(goals: Goals, steps: int = CHUNK_STEPS) -> list[Chunk]:
    """Parts of so many control steps, the last one shorter; those without a note are left out.

    A key that is due across a cut is due in both parts, and struck again in the second.
    """
    starts = range(0, goals.n_steps, steps)
    parts = [(i, start, _part(goals, i, start, start + steps)) for i, start in enumerate(starts)]
    return [Chunk(goals.name, i, start, part) for i, start, part in parts if part.presses]


def _part(goals: Goals, index: int, first: int, last: int) -> Goals:
    """Rows ``first`` up to ``last``, as goals of their own."""
    keys, sustain = goals.keys[first:last].copy(), goals.sustain[first:last].copy()
    presses = tuple(
        Press(p.key, max(p.start - first, 0), min(p.end - first, len(keys)))
        for p in goals.presses
        if p.end > first and p.start < last
    )
    presses = tuple(sorted(presses, key=lambda press: (press.start, press.key)))
    name = f"{goals.name}_{index}"
    notes = tuple(
        Note(goals.lowest_pitch + p.key, _time_s(p.start), _time_s(p.end)) for p in presses
    )
    moves = np.flatnonzero(np.diff(sustain, prepend=False))
    pedal = tuple(Pedal(_time_s(row), bool(sustain[row])) for row in moves.tolist())
    score = Score(name, notes, pedal)
    return Goals(name, score, goals.lowest_pitch, goals.n_keys, keys, sustain, presses)


def _time_s(row: int) -> float:
    return (row + 1) * CONTROL_STEP_S

"""What a score is: notes with pitch, start and end, and a sustain pedal."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from score.errors import ScoreError

MAX_PITCH = 127


@dataclass(frozen=True, slots=True)
class Note:
    """One note of a score.

    Attributes:
        pitch: MIDI number, 0 to 127 (60 = middle C).
        start_s: Onset [s], 0 or later.
        end_s: Release [s], after the onset.
        velocity: MIDI velocity, 1 to 127.

    Raises:
        ScoreError: When a field is out of its range.
    """

    pitch: int
    start_s: float
    end_s: float
    velocity: int = 64

    def __post_init__(self) -> None:
        if not 0 <= self.pitch <= MAX_PITCH:
            raise ScoreError(f"pitch {self.pitch} is not a MIDI number; use 0 to {MAX_PITCH}")
        if not (math.isfinite(self.end_s) and 0.0 <= self.start_s < self.end_s):
            raise ScoreError(
                f"note {self.pitch} lasts from {self.start_s} s to {self.end_s} s; "
                "it must start at 0 s or later and end after it starts"
            )
        if not 1 <= self.velocity <= MAX_PITCH:
            raise ScoreError(f"velocity {self.velocity} of note {self.pitch} is not in 1 to 127")


@dataclass(frozen=True, slots=True)
class Pedal:
    """One movement of the sustain pedal.

    Attributes:
        time_s: When it moves [s], 0 or later.
        down: Whether it is down from then on.

    Raises:
        ScoreError: When the time is negative or not finite.
    """

    time_s: float
    down: bool

    def __post_init__(self) -> None:
        if not (math.isfinite(self.time_s) and self.time_s >= 0.0):
            raise ScoreError(f"pedal time {self.time_s} s is not a time at 0 s or later")


@dataclass(frozen=True, slots=True)
class Score:
    """A piece of music as notes in time.

    Attributes:
        name: What the piece is called; a library song has its file's name.
        notes: Sorted by start, then pitch (the constructor sorts them).
        pedal: Sorted by time (the constructor sorts it).
    """

    name: str
    notes: tuple[Note, ...]
    pedal: tuple[Pedal, ...] = ()

    def __post_init__(self) -> None:
        by_start = sorted(self.notes, key=lambda note: (note.start_s, note.pitch))
        object.__setattr__(self, "notes", tuple(by_start))
        object.__setattr__(self, "pedal", tuple(sorted(self.pedal, key=lambda p: p.time_s)))

    @property
    def duration_s(self) -> float:
        """Time from 0 s to the end of the last note [s]; 0 without notes."""
        return max((note.end_s for note in self.notes), default=0.0)

    def transposed(self, semitones: int) -> "Score":
        """The same music `semitones` higher (lower when negative).

        Raises:
            ScoreError: When a note would leave the MIDI range.
        """
        moved = tuple(replace(note, pitch=note.pitch + semitones) for note in self.notes)
        return replace(self, notes=moved)

    def stretched(self, factor: float) -> "Score":
        """The same music with every time multiplied by `factor` (0.5 = double tempo).

        Raises:
            ScoreError: When the factor is not a positive number.
        """
        if not (math.isfinite(factor) and factor > 0.0):
            raise ScoreError(f"cannot stretch {self.name!r} by {factor}; use a factor above 0")
        notes = tuple(
            replace(note, start_s=note.start_s * factor, end_s=note.end_s * factor)
            for note in self.notes
        )
        pedal = tuple(Pedal(move.time_s * factor, move.down) for move in self.pedal)
        return Score(self.name, notes, pedal)


def without_overlaps(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Let each new onset of a pitch end the note of that pitch before it, as one key would.

    Of notes of one pitch that start together the longest is kept, as loud as the loudest.

    Args:
        notes: In any order.

    Returns:
        The notes sorted by start, then pitch; no two of one pitch overlap.
    """
    kept: dict[int, list[Note]] = {}
    for note in sorted(notes, key=lambda note: (note.start_s, note.pitch)):
        same = kept.setdefault(note.pitch, [])
        if same and same[-1].start_s == note.start_s:
            end_s = max(same[-1].end_s, note.end_s)
            same[-1] = replace(note, end_s=end_s, velocity=max(same[-1].velocity, note.velocity))
            continue
        if same and same[-1].end_s > note.start_s:
            same[-1] = replace(same[-1], end_s=note.start_s)
        same.append(note)
    together = (note for same in kept.values() for note in same)
    return tuple(sorted(together, key=lambda note: (note.start_s, note.pitch)))

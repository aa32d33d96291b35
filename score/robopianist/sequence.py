"""Notes and controllers of a file, in the order in which RoboPianist's libraries list them."""

from __future__ import annotations

from dataclasses import dataclass, replace

LOWEST_PITCH, HIGHEST_PITCH = 21, 108


@dataclass(frozen=True, slots=True)
class SequenceNote:
    """One note; times in seconds."""

    start_s: float
    end_s: float
    pitch: int
    velocity: int
    is_drum: bool
    instrument: int


@dataclass(frozen=True, slots=True)
class Control:
    """One controller message; time in seconds."""

    time_s: float
    number: int
    value: int
    instrument: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A piece of music as RoboPianist holds it.

    Attributes:
        notes: By instrument, then in the order of their releases; by start once trimmed.
        controls: By instrument, then as in the file.
        total_s: End of the last note [s], as far as the published code keeps count of it.
    """

    notes: tuple[SequenceNote, ...]
    controls: tuple[Control, ...]
    total_s: float

    def stretched(self, factor: float) -> Sequence:
        """The same with every time multiplied by `factor`."""
        notes = (replace(n, start_s=n.start_s * factor, end_s=n.end_s * factor) for n in self.notes)
        controls = (replace(c, time_s=c.time_s * factor) for c in self.controls)
        return Sequence(tuple(notes), tuple(controls), self.total_s * factor)

    def transposed(self, semitones: int) -> Sequence:
        """The same `semitones` higher, without notes that then have no key on 88; drums stay."""
        moved = [n if n.is_drum else replace(n, pitch=n.pitch + semitones) for n in self.notes]
        kept = tuple(n for n in moved if n.is_drum or LOWEST_PITCH <= n.pitch <= HIGHEST_PITCH)
        return replace(self, notes=kept, total_s=max((n.end_s for n in kept), default=0.0))

"""What the tracks of a MIDI file hold: notes, pedal movements and tempos, in ticks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

DRUM_CHANNEL = 9
"""Channel 10 as musicians count: percussion by convention, its numbers are not pitches."""

SUSTAIN = 64
"""Number of the sustain pedal's controller; values of 64 and more mean down."""


@dataclass(frozen=True, slots=True)
class TickNote:
    """A note in ticks: pitch, onset, release (after the onset) and velocity."""

    pitch: int
    start: int
    end: int
    velocity: int


@dataclass(slots=True)
class Content:
    """Everything of a MIDI file that a score is made of; times in ticks.

    Attributes:
        notes: In order of release, pitched channels only.
        pedal: Tick, channel and value of every sustain message.
        tempos: Tick and microseconds per quarter note of every tempo message.
        drums: Onsets on the drum channel, which were ignored.
        end: Tick of the end of the longest track.
    """

    notes: list[TickNote] = field(default_factory=list)
    pedal: list[tuple[int, int, int]] = field(default_factory=list)
    tempos: list[tuple[int, int]] = field(default_factory=list)
    drums: int = 0
    end: int = 0


def read_tracks(tracks: Iterable[Iterable[Any]]) -> Content:
    """Collect the content of all tracks; notes never released end with the file.

    Args:
        tracks: Tracks of `mido` messages, whose times are ticks since the message before.
    """
    content = Content()
    pairs = [_read_track(track, content) for track in tracks]
    content.notes += [note for pairing in pairs for note in pairing.close(content.end)]
    return content


def _read_track(track: Iterable[Any], content: Content) -> "_Pairing":
    tick, pairing = 0, _Pairing()
    for message in track:
        tick += message.time
        match message.type:
            case "set_tempo":
                content.tempos.append((tick, message.tempo))
            case "control_change" if message.control == SUSTAIN:
                if message.channel != DRUM_CHANNEL:
                    content.pedal.append((tick, message.channel, message.value))
            case "note_on" | "note_off":
                is_onset = message.type == "note_on" and message.velocity > 0
                if message.channel == DRUM_CHANNEL:
                    content.drums += is_onset
                elif is_onset:
                    content.notes += pairing.press(tick, message)
                else:
                    content.notes += pairing.release(tick, message)
    content.end = max(content.end, tick)
    return pairing


class _Pairing:
    """Pairs onsets and releases of one track, per channel and pitch.

    A new onset ends the old note. A release and an onset on one tick may come in either order: the
    release belongs to the note that was sounding before. A note of no length is dropped.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], tuple[int, int]] = {}
        self._ended_by_onset: dict[tuple[int, int], int] = {}

    def press(self, tick: int, message: Any) -> list[TickNote]:  # noqa: ANN401 mido is untyped
        """Open a note; returns the older note that it ends, if any."""
        place = (message.channel, message.note)
        start, velocity = self._open.get(place, (tick, message.velocity))
        self._open[place] = (tick, message.velocity)
        if start == tick:
            return []
        self._ended_by_onset[place] = tick
        return [TickNote(message.note, start, tick, velocity)]

    def release(self, tick: int, message: Any) -> list[TickNote]:  # noqa: ANN401
        """Close a note; returns it when it has a length."""
        place = (message.channel, message.note)
        if self._ended_by_onset.pop(place, -1) == tick or place not in self._open:
            return []
        start, velocity = self._open.pop(place)
        return [TickNote(message.note, start, tick, velocity)] if start < tick else []

    def close(self, end: int) -> list[TickNote]:
        """The notes never released, ending at tick `end`."""
        left = self._open.items()
        return [TickNote(pitch, at, end, loud) for (_, pitch), (at, loud) in left if at < end]

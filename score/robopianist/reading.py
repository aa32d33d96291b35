"""Reading MIDI files as pretty_midi does for note_seq."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from score.errors import MidiError
from score.midi_read import MAX_DURATION_S, open_midi
from score.midi_time import DEFAULT_TEMPO_US
from score.midi_tracks import DRUM_CHANNEL
from score.robopianist.sequence import Control, Sequence, SequenceNote

MAX_TICK = 10_000_000


def read_sequence(path: str | PathLike[str]) -> Sequence:
    """Read a file by the published rules.

    Tempos count only on the first track. A release closes all open notes of its pitch, channel and
    track that began on an earlier tick; a note of no length, or never released, vanishes.
    Controllers of a track's channel that has no note are lost.

    Raises:
        MidiError: The file cannot be read as music, as with `score.read_midi`; it counts film time;
            or it lasts more than two hours.
    """
    path = Path(path)
    file = open_midi(path)
    if file.ticks_per_beat <= 0:
        raise MidiError(f"{str(path)!r} counts film time (SMPTE), which RoboPianist cannot read")
    tracks = [_in_ticks(track) for track in file.tracks]
    last = max((events[-1][0] for events in tracks if events), default=0)
    if last > MAX_TICK:
        raise MidiError(f"{str(path)!r} lasts {last} ticks, more than the {MAX_TICK} that are read")
    seconds = _clock(tracks[0] if tracks else [], file.ticks_per_beat)
    instruments = _Instruments()
    for index, events in enumerate(tracks):
        _read_track(index, events, instruments, seconds)
    sequence = instruments.sequence()
    if sequence.total_s > MAX_DURATION_S:
        raise MidiError(f"{str(path)!r} lasts more than {MAX_DURATION_S / 3600:g} hours")
    return sequence


Event = tuple[int, Any]


def _in_ticks(track: Iterable[Any]) -> list[Event]:
    """Messages with the ticks since the beginning."""
    tick, events = 0, []
    for message in track:
        tick += message.time
        events.append((tick, message))
    return events


def _clock(first_track: list[Event], ticks_per_beat: int) -> Callable[[int], float]:
    """Seconds of ticks, summed in the published order of operations."""
    scales = [(0, 60.0 / (6e7 / DEFAULT_TEMPO_US * ticks_per_beat))]
    for tick, message in first_track:
        if message.type == "set_tempo":
            if message.tempo == 0:
                raise MidiError(f"the tempo at tick {tick} is 0: the file is damaged")
            scale = 60.0 / ((6e7 / message.tempo) * ticks_per_beat)
            if tick == 0:
                scales = [(0, scale)]
            elif scale != scales[-1][1]:
                scales.append((tick, scale))
    starts = [0.0]
    for (tick, scale), (following, _) in pairwise(scales):
        starts.append(starts[-1] + scale * (following - tick))
    ticks = [tick for tick, _ in scales]

    def seconds(tick: int) -> float:
        index = max(int(np.searchsorted(ticks, tick)) - 1, 0)  # a change counts after its tick
        return starts[index] + scales[index][1] * (tick - ticks[index])

    return seconds


@dataclass
class _Instrument:
    is_drum: bool
    notes: list[tuple[float, float, int, int]] = field(default_factory=list)
    controls: list[tuple[float, int, int]] = field(default_factory=list)


class _Instruments:
    """Instruments by program, channel and track, in the order of their first released notes."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, int], _Instrument] = {}
        self._early: dict[tuple[int, int], _Instrument] = {}

    def with_notes(self, program: int, channel: int, track: int) -> _Instrument:
        """The instrument; a new one takes up the controllers that came before it."""
        key = program, channel, track
        if key not in self._known:
            self._known[key] = _Instrument(channel == DRUM_CHANNEL)
            if early := self._early.get((channel, track)):
                self._known[key].controls = early.controls
        return self._known[key]

    def controls(self, program: int, channel: int, track: int) -> list[tuple[float, int, int]]:
        """Where a controller's message goes."""
        known = self._known.get((program, channel, track))
        return (known or self._early.setdefault((channel, track), _Instrument(False))).controls

    def sequence(self) -> Sequence:
        """All of it."""
        known = list(enumerate(self._known.values()))
        notes = tuple(
            SequenceNote(start_s, end_s, pitch, velocity, instrument.is_drum, index)
            for index, instrument in known
            for start_s, end_s, pitch, velocity in instrument.notes
        )
        controls = tuple(
            Control(*control, index)
            for index, instrument in known
            for control in instrument.controls
        )
        return Sequence(notes, controls, max((note.end_s for note in notes), default=0.0))


def _read_track(
    track: int, events: list[Event], instruments: _Instruments, seconds: Callable[[int], float]
) -> None:
    programs: dict[int, int] = defaultdict(int)
    sounding: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for tick, message in events:
        match message.type:
            case "program_change":
                programs[message.channel] = message.program
            case "control_change":
                place = programs[message.channel], message.channel, track
                control = seconds(tick), message.control, message.value
                instruments.controls(*place).append(control)
            case "note_on" if message.velocity > 0:
                key = message.channel, message.note
                sounding.setdefault(key, []).append((tick, message.velocity))
            case "note_on" | "note_off":
                begun = sounding.pop((message.channel, message.note), [])
                ended = [(at, loud) for at, loud in begun if at != tick]
                if ended and len(ended) < len(begun):
                    sounding[message.channel, message.note] = [n for n in begun if n[0] == tick]
                for at, loud in ended:
                    place = programs[message.channel], message.channel, track
                    note = seconds(at), seconds(tick), message.note, loud
                    instruments.with_notes(*place).notes.append(note)

"""MIDI bytes to key events.

Status bytes, message lengths and running status are those of the MIDI 1.0 specification
(midi.org, "Detailed Specification", tables I to VI).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

SUSTAIN_CONTROLLER = 64
"""Control change of the sustain pedal (MIDI 1.0, table III)."""

_NOTE_OFF, _NOTE_ON, _CONTROL = 0x8, 0x9, 0xB
_SYSEX, _FIRST_REALTIME = 0xF0, 0xF8
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_COMMON_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}


class MidiKind(StrEnum):
    """What a MIDI event tells."""

    NOTE_ON = "note_on"
    NOTE_OFF = "note_off"
    SUSTAIN = "sustain"


@dataclass(frozen=True, slots=True)
class MidiEvent:
    """One key or the sustain pedal moved.

    Attributes:
        time_ns: Monotonic time at which the message arrived [ns].
        raw_delta_s: Seconds since the message before, of whatever kind, as the MIDI system tells
            [s]; 0 for the first.
        kind: What moved, and how.
        pitch: MIDI pitch of the key; 64, the pedal's controller, for the pedal.
        velocity: 1 to 127 of a press, 0 to 127 of a release; for the pedal its depth, of which 64
            and more is down.
    """

    time_ns: int
    raw_delta_s: float
    kind: MidiKind
    pitch: int
    velocity: int


class MidiDecoder:
    """Turns the bytes of one keyboard into events.

    Both forms of release are note-offs: note-off, and note-on with velocity 0. Running status,
    real-time bytes between others, and system exclusive messages are read as the standard says.
    Any bytes at all can be given; those without meaning are counted.

    Attributes:
        out_of_range: Notes that are no key of this keyboard, counted.
        malformed: Messages cut short and data bytes without a status, counted.
    """

    def __init__(self, lowest_pitch: int, n_keys: int) -> None:
        self.out_of_range = 0
        self.malformed = 0
        self._pitches = range(lowest_pitch, lowest_pitch + n_keys)
        self._status = 0  # of the message under way; 0: data bytes have no meaning
        self._data: list[int] = []

    def decode(self, data: Iterable[int], time_ns: int, raw_delta_s: float) -> list[MidiEvent]:
        """The events that these bytes complete.

        Args:
            data: Bytes, 0 to 255; messages may be cut anywhere between two calls.
            time_ns: Monotonic time of their arrival [ns].
            raw_delta_s: As the MIDI system tells [s].
        """
        events = []
        for byte in data:
            if byte >= _FIRST_REALTIME:  # may stand anywhere, also within another message
                continue
            if byte >= 0x80:
                self._begin(byte)
            elif self._status != _SYSEX and self._complete(byte):
                event = self._event(time_ns, raw_delta_s)
                if event is not None:
                    events.append(event)
        return events

    def _begin(self, status: int) -> None:
        self.malformed += bool(self._data)
        self._data = []
        keeps = status <= _SYSEX or status in _COMMON_DATA_BYTES
        self._status = status if keeps else 0

    def _complete(self, byte: int) -> bool:
        """Adds a data byte; whether it makes a message of a channel complete."""
        if self._status == 0:
            self.malformed += 1
            return False
        self._data.append(byte)
        common = self._status > _SYSEX
        if common and len(self._data) == _COMMON_DATA_BYTES[self._status]:
            self._status, self._data = 0, []  # no running status after system messages
            return False
        return not common and len(self._data) == _DATA_BYTES[self._status >> 4]

    def _event(self, time_ns: int, raw_delta_s: float) -> MidiEvent | None:
        first, second = (*self._data, 0)[:2]
        self._data = []  # the status stays: running status
        message = self._status >> 4
        if message == _CONTROL and first == SUSTAIN_CONTROLLER:
            return MidiEvent(time_ns, raw_delta_s, MidiKind.SUSTAIN, first, second)
        if message not in (_NOTE_ON, _NOTE_OFF):
            return None
        if first not in self._pitches:
            self.out_of_range += 1
            return None
        pressed = message == _NOTE_ON and second > 0
        kind = MidiKind.NOTE_ON if pressed else MidiKind.NOTE_OFF
        return MidiEvent(time_ns, raw_delta_s, kind, first, second)

"""MIDI bytes to events: the standard's forms, and any bytes at all."""

from collections.abc import Sequence
from itertools import pairwise

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.keyboard.decode import MidiDecoder, MidiEvent, MidiKind

ON, OFF, SUSTAIN = MidiKind.NOTE_ON, MidiKind.NOTE_OFF, MidiKind.SUSTAIN


def decode(*chunks: Sequence[int]) -> tuple[list[tuple[MidiKind, int, int]], MidiDecoder]:
    """What a 49-key keyboard from C2 makes of these chunks."""
    decoder = MidiDecoder(36, 49)
    events = [event for chunk in chunks for event in decoder.decode(chunk, 5, 0.25)]
    return [(event.kind, event.pitch, event.velocity) for event in events], decoder


@pytest.mark.parametrize(
    ("data", "events"),
    [
        ((0x90, 60, 100), [(ON, 60, 100)]),
        ((0x80, 60, 64), [(OFF, 60, 64)]),
        ((0x90, 60, 0), [(OFF, 60, 0)]),  # the other form of release
        ((0x9F, 60, 1), [(ON, 60, 1)]),  # any channel
        ((0x90, 60, 9, 62, 8, 60, 0), [(ON, 60, 9), (ON, 62, 8), (OFF, 60, 0)]),  # running
        ((0x90, 0xFE, 60, 0xF8, 9), [(ON, 60, 9)]),  # active sensing and clock in between
        ((0xB0, 64, 127), [(SUSTAIN, 64, 127)]),
        ((0xB0, 64, 0), [(SUSTAIN, 64, 0)]),
        ((0xB0, 7, 90, 0xC0, 5, 0xD0, 1, 0xE0, 0, 64), []),  # volume, programme, pressure, bend
        ((0xF0, 1, 2, 0x47, 0xF7, 0x90, 60, 9), [(ON, 60, 9)]),  # system exclusive
        ((0xF2, 1, 2, 0x90, 60, 9), [(ON, 60, 9)]),  # song position
    ],
)
def test_messages_of_the_standard(
    data: tuple[int, ...], events: list[tuple[MidiKind, int, int]]
) -> None:
    found, decoder = decode(data)
    assert found == events
    assert (decoder.malformed, decoder.out_of_range) == (0, 0)


def test_an_event_carries_the_times_of_its_arrival() -> None:
    assert MidiDecoder(36, 49).decode((0x90, 36, 7), 5, 0.25) == [MidiEvent(5, 0.25, ON, 36, 7)]


def test_notes_beyond_the_keyboard_are_counted() -> None:
    found, decoder = decode((0x90, 35, 9, 36, 9, 84, 9, 85, 9))
    assert found == [(ON, 36, 9), (ON, 84, 9)]
    assert decoder.out_of_range == 2


def test_a_message_cut_short_is_counted_and_harms_no_other() -> None:
    found, decoder = decode((0x90, 60, 0x80, 62, 64))
    assert found == [(OFF, 62, 64)]
    assert decoder.malformed == 1


def test_system_messages_end_running_status() -> None:
    found, decoder = decode((0x90, 60, 9, 0xF6, 60, 0))
    assert found == [(ON, 60, 9)]
    assert decoder.malformed == 2


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_where_bytes_are_cut_changes_nothing(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    chunks = [data[a:b] for a, b in pairwise(edges)]
    whole, counted = decode(data)
    pieces, recounted = decode(*chunks)
    assert pieces == whole
    assert (recounted.malformed, recounted.out_of_range) == (
        counted.malformed,
        counted.out_of_range,
    )
    assert all(36 <= pitch < 85 for kind, pitch, _ in whole if kind is not SUSTAIN)


@given(st.binary(max_size=60))
def test_after_any_bytes_a_press_is_heard(rubbish: bytes) -> None:
    found, _ = decode(rubbish, (0x90, 60, 77))
    assert found[-1] == (ON, 60, 77)


KEYS = st.tuples(st.sampled_from(("note_on", "note_off")), st.integers(36, 84), st.integers(0, 127))


@given(st.lists(KEYS, max_size=30))
def test_reads_what_mido_writes(keys: list[tuple[str, int, int]]) -> None:
    messages = [mido.Message(kind, note=pitch, velocity=speed) for kind, pitch, speed in keys]
    found, _ = decode(*(message.bytes() for message in messages))
    assert found == [
        (ON if kind == "note_on" and speed > 0 else OFF, pitch, speed)
        for kind, pitch, speed in keys
    ]

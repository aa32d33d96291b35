"""Bad MIDI files: one clear line each, and nothing but MidiError whatever the bytes."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from score import MidiError, Score, read_midi
from score.library import SONGS
from tests.unit.score.smf import END, header, number, off, on, pedal, tempo, track

GOOD = header() + track((0, on(60)), (480, off(60)), END)
SONG = (SONGS / "ode_to_joy.mid").read_bytes()


def read_bytes(data: bytes) -> Score | MidiError:
    """The score, or the one error that may come out, checked for its form."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.mid"
        path.write_bytes(data)
        try:
            result: Score | MidiError = read_midi(path)
        except MidiError as error:
            result = error
    if isinstance(result, MidiError):
        assert "song.mid" in str(result)
        assert "\n" not in str(result)
    else:
        assert result.notes
        assert result.duration_s <= 7200.0
    return result


def one_note(seconds: int) -> bytes:
    """A file with one note of so many seconds."""
    return header(1, 480) + track((0, on(60)), (960 * seconds, off(60)), END)


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "text": (b"Once upon a time", "not a MIDI file"),
    "RIFF": (b"RIFF\0\0\0\0RMID" + GOOD, "not a MIDI file"),
    "header only": (GOOD[:14], "cut short"),
    "half a header": (GOOD[:9], "cut short"),
    "half a track": (GOOD[:-6], "cut short"),
    "a track missing": (header(2) + track((0, on(60)), (480, off(60)), END), "cut short"),
    "no tracks": (header(0), "holds no notes"),
    "no notes": (header() + track((0, tempo(500_000)), END), "holds no notes"),
    "only drums": (header() + track((0, on(36, 9, 9)), (9, off(36, 9)), END), "except drums"),
    "format 2": (header(kind=2) + GOOD[14:], "format 2"),
    "format 9": (header(kind=9) + GOOD[14:], "format 9"),
    "no division": (header(division=0) + GOOD[14:], "0 ticks per quarter note"),
    "no SMPTE rate": (header(division=0xE300 + 0) + GOOD[14:], "no SMPTE frame rate"),
    "odd SMPTE rate": (header(division=0x9010) + GOOD[14:], "no SMPTE frame rate"),
    "tempo 0": (header() + track((0, tempo(0)), (0, on(60)), (9, off(60)), END), "tempo"),
    "no status": (header() + track((0, bytes([60, 64])), END), "damaged"),
    "bad data byte": (header() + track((0, b"\x90\x3c\xc0"), END), "damaged"),
    "bad chunk": (header() + b"XTrk" + GOOD[18:], "damaged"),
    "empty tempo": (header() + track((0, b"\xff\x51\x00"), END), "damaged"),
    "endless number": (header() + track((0, b"\xff" * 5000)), "a number never ends"),
    "three hours": (one_note(3 * 3600), "more than 2 hours"),
    "for ever": (header() + track((0, on(60)), (1 << 2000, off(60)), END), "more than 2 hours"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_named_with_its_fault(name: str) -> None:
    data, fault = BAD_FILES[name]
    error = read_bytes(data)
    assert isinstance(error, MidiError)
    assert fault in str(error)


def test_two_hours_are_still_read() -> None:
    assert isinstance(read_bytes(one_note(2 * 3600)), Score)


def test_missing_folder_huge_and_odd_paths(tmp_path: Path) -> None:
    huge = tmp_path / "huge.mid"
    with huge.open("wb") as file:
        file.truncate(10**9)
    pipe = tmp_path / "pipe.mid"
    os.mkfifo(pipe)
    loop = tmp_path / "loop.mid"
    loop.symlink_to(loop)
    faults: dict[str | Path, str] = {
        tmp_path / "none.mid": "does not exist",
        tmp_path: "is a folder",
        huge: "1000000000 bytes",
        pipe: "not a regular file",
        loop: "cannot read",
        "x" * 5000: "cannot read",
        "/proc/self/mem": "cannot read",  # opens, but gives an input/output error when read
        "nul\0.mid": "cannot read",
        tmp_path / "two\nlines.mid": r"two\\nlines",
    }
    for path, fault in faults.items():
        with pytest.raises(MidiError, match=fault) as caught:
            read_midi(path)
        assert "\n" not in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    read_bytes(data)


@given(st.binary(max_size=200), st.integers(0, 0xFFFF), st.integers(0, 3))
def test_any_track_body(body: bytes, division: int, kind: int) -> None:
    read_bytes(header(1, division, kind) + track((0, body)))


@given(st.integers(0, len(SONG) - 1))
def test_any_file_cut_short(length: int) -> None:
    assert isinstance(read_bytes(SONG[:length]), MidiError)


@given(
    st.lists(st.tuples(st.integers(0, len(SONG) - 1), st.integers(0, 255)), min_size=1, max_size=8)
)
def test_any_bytes_changed(changes: list[tuple[int, int]]) -> None:
    data = bytearray(SONG)
    for at, value in changes:
        data[at] = value
    read_bytes(bytes(data))


@given(st.integers(0, len(SONG)), st.integers(0, 40), st.binary(max_size=40))
def test_any_piece_replaced(at: int, length: int, piece: bytes) -> None:
    read_bytes(SONG[:at] + piece + SONG[at + length :])


_MESSAGES: list[Callable[[int, int], bytes]] = [
    lambda a, b: on(60 + a % 3, b, a % 2),
    lambda a, b: off(60 + a % 3, b % 2),
    lambda a, b: pedal(b, a % 2),
    lambda a, b: tempo(a * b * 100),
    lambda a, b: bytes([0x80 | (a & 0x7F), b]),
    lambda a, b: b"\xff" + bytes([a]) + number(b % 4) + bytes(b % 4),
]
_events = st.tuples(
    st.sampled_from([0, 0, 1, 480, 10**6]),
    st.builds(
        lambda make, a, b: make(a, b),
        st.sampled_from(_MESSAGES),
        st.integers(0, 127),
        st.integers(0, 127),
    ),
)


@given(st.lists(st.lists(_events, max_size=12), max_size=3))
def test_any_messages(tracks: list[list[tuple[int, bytes]]]) -> None:
    score = read_bytes(header(len(tracks)) + b"".join(track(*events) for events in tracks))
    if isinstance(score, Score):
        ends: dict[int, float] = {}
        for note in score.notes:
            assert note.start_s >= ends.get(note.pitch, 0.0)
            ends[note.pitch] = note.end_s
        downs = [move.down for move in score.pedal]
        assert downs == [i % 2 == 0 for i in range(len(downs))]

"""Reading MIDI files: what every kind of message means."""

from pathlib import Path

import pytest

from score import Note, Pedal, read_midi
from tests.unit.score.smf import END, off, on, pedal, save, tempo, track

# At 480 ticks per quarter and 120 quarters per minute 960 ticks are a second.
SECOND = 960


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "song.mid"


def spans(path: Path) -> list[tuple[int, float, float]]:
    return [(n.pitch, round(n.start_s, 9), round(n.end_s, 9)) for n in read_midi(path).notes]


def test_a_note_its_velocity_and_the_name_of_the_file(path: Path) -> None:
    save(path, track((SECOND, on(60, 99)), (SECOND, off(60)), END))
    score = read_midi(path)
    assert (score.name, score.notes, score.pedal) == ("song", (Note(60, 1.0, 2.0, 99),), ())


def test_velocity_zero_is_a_release_and_status_bytes_may_be_left_out(path: Path) -> None:
    running = [
        (0, on(60)),
        (SECOND, bytes([60, 0])),
        (0, bytes([62, 64])),
        (SECOND, bytes([62, 0])),
    ]
    save(path, track(*running, END))
    assert spans(path) == [(60, 0.0, 1.0), (62, 1.0, 2.0)]


def test_tempo_changes_in_the_middle_of_a_note_and_in_another_track(path: Path) -> None:
    conductor = track((480, tempo(1_000_000)), (480, tempo(250_000)), END)
    save(path, track((0, on(60)), (1440, off(60)), END), conductor)
    assert spans(path) == [(60, 0.0, 0.5 + 1.0 + 0.25)]


def test_the_last_of_several_tempos_on_one_tick_counts(path: Path) -> None:
    tempos = track((0, tempo(100_000)), (0, tempo(1_000_000)), END)
    save(path, tempos, track((0, on(60)), (480, off(60)), END))
    assert spans(path) == [(60, 0.0, 1.0)]


def test_a_file_without_tempo_is_at_120_per_minute(path: Path) -> None:
    save(path, track((96, on(60)), (96, off(60)), END), division=96, kind=0)
    assert spans(path) == [(60, 0.5, 1.0)]


@pytest.mark.parametrize(
    ("rate", "ticks", "per_second"), [(24, 10, 240), (25, 40, 1000), (30, 2, 60)]
)
def test_smpte_time_needs_no_tempo(path: Path, rate: int, ticks: int, per_second: int) -> None:
    division = (256 - rate) << 8 | ticks
    events = track((0, tempo(77_777)), (per_second, on(60)), (2 * per_second, off(60)), END)
    save(path, events, division=division)
    assert spans(path) == [(60, 1.0, 3.0)]


def test_drop_frame_smpte_runs_a_thousandth_slow(path: Path) -> None:
    save(path, track((0, on(60)), (3000, off(60)), END), division=(256 - 29) << 8 | 100)
    assert spans(path) == [(60, 0.0, 1.001)]


def test_tracks_and_channels_become_one_score_without_the_drums(path: Path) -> None:
    high = track((0, on(72, channel=3)), (SECOND, off(72, channel=3)), END)
    low = track((480, on(48)), (SECOND, off(48)), END)
    drums = track((0, on(36, channel=9)), (0, pedal(127, channel=9)), (SECOND, off(36, 9)), END)
    save(path, high, low, drums)
    assert spans(path) == [(72, 0.0, 1.0), (48, 0.5, 1.5)]
    assert read_midi(path).pedal == ()


def test_a_release_in_another_channel_releases_nothing(path: Path) -> None:
    save(path, track((0, on(60)), (480, off(60, channel=1)), (480, off(60)), END))
    assert spans(path) == [(60, 0.0, 1.0)]


def test_a_new_onset_ends_the_old_note(path: Path) -> None:
    overlap = track((0, on(60)), (480, on(60)), (480, off(60)), (480, off(60)), END)
    save(path, overlap)
    assert spans(path) == [(60, 0.0, 0.5), (60, 0.5, 1.0)]


def test_a_new_onset_in_another_track_ends_the_old_note_too(path: Path) -> None:
    voices = [track((at, on(60)), (SECOND, off(60)), END) for at in (0, 480)]
    save(path, *voices)
    assert spans(path) == [(60, 0.0, 0.5), (60, 0.5, 1.5)]


@pytest.mark.parametrize("release_first", [True, False])
def test_release_and_onset_on_one_tick_keep_both_notes(path: Path, release_first: bool) -> None:
    pair = [off(60), on(60)] if release_first else [on(60), off(60)]
    meeting = [(SECOND, pair[0]), (0, pair[1])]
    save(path, track((0, on(60)), *meeting, (SECOND, off(60)), END))
    assert spans(path) == [(60, 0.0, 1.0), (60, 1.0, 2.0)]


def test_the_same_holds_for_every_note_of_a_long_run(path: Path) -> None:
    run = [event for _ in range(9) for event in ((480, on(60)), (0, off(60)))]
    save(path, track((0, on(60)), *run, (480, off(60)), END))
    assert spans(path) == [(60, i / 2, (i + 1) / 2) for i in range(10)]


def test_a_note_of_no_length_is_dropped(path: Path) -> None:
    save(path, track((0, on(60)), (0, off(60)), (0, on(62)), (480, off(62)), (0, off(62)), END))
    assert spans(path) == [(62, 0.0, 0.5)]


def test_a_note_never_released_ends_with_the_file(path: Path) -> None:
    held = track((0, on(60)), END)
    save(path, held, track((0, on(62)), (480, off(62)), (1440, b"\xff\x2f\x00")))
    assert spans(path) == [(60, 0.0, 2.0), (62, 0.0, 0.5)]


def test_the_pedal_is_down_while_any_channel_holds_it(path: Path) -> None:
    one = track((0, pedal(64)), (480, on(60)), (480, off(60)), (0, pedal(63)), END)
    other = track((480, pedal(127, channel=1)), (960, pedal(0, channel=1)), END)
    save(path, one, other)
    assert read_midi(path).pedal == (Pedal(0.0, True), Pedal(1.5, False))


def test_other_messages_are_skipped(path: Path) -> None:
    text = b"\xff\x01\x05hello"
    sysex = b"\xf0\x04\x01\x02\x03\xf7"
    others = [
        text,
        sysex,
        bytes([0xC0, 5]),
        bytes([0xE0, 0, 64]),
        bytes([0xD0, 9]),
        b"\xb0\x07\x40",
    ]
    save(path, track(*((0, other) for other in others), (0, on(60)), (480, off(60)), END))
    assert spans(path) == [(60, 0.0, 0.5)]

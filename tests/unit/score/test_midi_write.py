"""Writing MIDI files, and reading them back."""

import tempfile
from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from score import MidiError, Note, Pedal, Score, read_midi, write_midi
from score.files import write_whole
from score.notes import without_overlaps
from tests.unit.score.strategies import scores

TICK_S = 0.001

pedals = st.lists(st.integers(0, 4000), unique=True, max_size=6).map(
    lambda ms: tuple(Pedal(at / 1000, i % 2 == 0) for i, at in enumerate(sorted(ms)))
)


def round_trip(score: Score, quarter_s: float = 0.5) -> Score:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{score.name}.mid"
        write_midi(score, path, quarter_s)
        return read_midi(path)


@given(scores(), pedals, st.sampled_from([0.25, 0.5, 0.6, 2.0]))
def test_a_score_comes_back_to_a_tick(
    score: Score, pedal: tuple[Pedal, ...], quarter_s: float
) -> None:
    notes = tuple(n for n in without_overlaps(score.notes) if n.end_s - n.start_s > 2 * TICK_S)
    written = Score("made", notes, pedal)
    if not notes:
        return
    read = round_trip(written, quarter_s)
    assert len(read.notes) == len(notes)
    by_pitch = [sorted(s.notes, key=lambda n: (n.pitch, n.start_s)) for s in (written, read)]
    for before, after in zip(*by_pitch, strict=True):
        assert (after.pitch, after.velocity) == (before.pitch, before.velocity)
        assert after.start_s == pytest.approx(before.start_s, abs=0.51 * TICK_S)
        assert after.end_s == pytest.approx(before.end_s, abs=0.51 * TICK_S)
    assert read.pedal == pedal


@given(scores())
def test_what_was_read_once_is_read_again_the_same(score: Score) -> None:
    once = round_trip(score)
    again = round_trip(once)
    assert [(n.pitch, n.velocity) for n in again.notes] == [
        (n.pitch, n.velocity) for n in once.notes
    ]
    for before, after in zip(once.notes, again.notes, strict=True):
        assert after.start_s == pytest.approx(before.start_s, abs=1e-9)
        assert after.end_s == pytest.approx(before.end_s, abs=1e-9)


def test_control_and_physics_steps_are_whole_ticks() -> None:
    exact = Score("made", (Note(60, 0.05, 0.105), Note(60, 0.105, 0.2)))
    assert round_trip(exact).notes == exact.notes


def test_a_repeated_note_is_released_before_it_is_struck() -> None:
    repeated = Score("made", (Note(60, 0.0, 1.0), Note(60, 1.0, 2.0)))
    with tempfile.TemporaryDirectory() as folder:
        write_midi(repeated, Path(folder) / "made.mid")
        messages = [m.type for m in mido.MidiFile(Path(folder) / "made.mid") if not m.is_meta]
    assert messages == ["note_on", "note_off", "note_on", "note_off"]


def test_the_tempo_is_for_notation_only(tmp_path: Path) -> None:
    score = Score("made", (Note(60, 0.0, 1.2),))
    write_midi(score, tmp_path / "slow.mid", quarter_s=0.6)
    file = mido.MidiFile(tmp_path / "slow.mid")
    assert file.length == pytest.approx(1.2)
    assert sum(m.time for m in file.tracks[0]) == 2 * file.ticks_per_beat
    for quarter_s in (0.0, -1.0, 17.0):
        with pytest.raises(MidiError, match="quarter note"):
            write_midi(score, tmp_path / "odd.mid", quarter_s)


def test_any_name_can_be_written(tmp_path: Path) -> None:
    score = Score("für \udcff 练习", (Note(60, 0.0, 1.0),))
    write_midi(score, tmp_path / "odd.mid")
    assert read_midi(tmp_path / "odd.mid").name == "odd"


def test_a_place_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    score = Score("made", (Note(60, 0.0, 1.0),))
    (tmp_path / "folder.mid").mkdir()
    for path in (tmp_path / "none" / "a.mid", tmp_path / "folder.mid", "nul\0.mid"):
        with pytest.raises(MidiError, match="cannot write"):
            write_midi(score, path)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.mid"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "result.bin"
    write_whole(path, b"first")
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    with pytest.raises(TypeError):
        write_whole(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]

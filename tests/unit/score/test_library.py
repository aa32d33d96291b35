"""The library of songs, and loading by name."""

import subprocess
import sys
from pathlib import Path

import pytest

from score import DaCapoError, MidiError, ScoreError, load_song, song_names, write_midi
from score.library import SONGS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("song", "n_notes", "duration_s"),
    [
        ("are_you_sleeping", 32, 16.0),
        ("happy_birthday", 25, 12.5),
        ("ode_to_joy", 30, 16.0),
        ("twinkle_twinkle_little_star", 42, 24.0),
    ],
)
def test_the_four_songs(song: str, n_notes: int, duration_s: float) -> None:
    score = load_song(song)
    assert (score.name, len(score.notes)) == (song, n_notes)
    assert score.duration_s == pytest.approx(duration_s)


def test_happy_birthday_has_its_b_flat() -> None:
    assert 70 in {note.pitch for note in load_song("happy_birthday").notes}


@pytest.mark.parametrize("song", song_names())
def test_every_song_suits_a_slow_hand(song: str) -> None:
    score = load_song(song)
    for note in score.notes:
        assert 36 <= note.pitch <= 84
        assert note.end_s - note.start_s >= 0.25 - 1e-9
        together = [n.pitch for n in score.notes if n.start_s <= note.start_s < n.end_s]
        assert len(together) <= 2
        assert max(together) - min(together) in {0, 3, 4}


def test_there_are_enough_songs() -> None:
    assert len(song_names()) >= 9
    assert "c_major_scale" in song_names()
    assert list(song_names()) == sorted(song_names())


def test_the_files_are_what_the_script_writes(tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in SONGS.glob("*.mid")}
    code = (
        "import sys, pathlib; sys.path.insert(0, 'scripts'); import make_songs\n"
        f"make_songs.SONGS = pathlib.Path({str(tmp_path)!r}); make_songs.main()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.mid")} == before


def test_a_song_by_path(tmp_path: Path) -> None:
    song = load_song("ode_to_joy")
    write_midi(song, tmp_path / "mine.mid")
    assert load_song(tmp_path / "mine.mid").notes == song.notes
    assert load_song(str(tmp_path / "mine.mid")).name == "mine"


def test_a_file_without_a_suffix_in_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_midi(load_song("ode_to_joy"), tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert load_song("mine").name == "mine"


@pytest.mark.parametrize("name", ["odetojoy", "Ode to Joy", "ode_to_joi"])
def test_a_misspelt_name_is_answered_with_the_nearest(name: str) -> None:
    with pytest.raises(ScoreError, match=r"did you mean ode_to_joy"):
        load_song(name)


def test_an_unknown_name_is_answered_with_all() -> None:
    with pytest.raises(ScoreError, match=r"it has are_you_sleeping, .*give one of its names"):
        load_song("zzz")


@pytest.mark.parametrize("name", ["", "nul\0", "x" * 5000, "none.mid", "none/such", "/"])
def test_any_other_name_gives_one_line(name: str) -> None:
    with pytest.raises(DaCapoError) as caught:
        load_song(name)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_a_midi_error() -> None:
    with pytest.raises(MidiError, match=r"'none\.mid' does not exist"):
        load_song("none.mid")

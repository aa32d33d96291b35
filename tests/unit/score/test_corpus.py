"""Songs of music21's corpus: their names and order, and what becomes of their notation."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from score import Score, ScoreError, load_song, read_midi, write_midi
from score.corpus import chorale_names, corpus_names, is_corpus_name, load_corpus_song, names
from score.robopianist import load_goals

FIRST_50 = """
1.6 2.6 3.6 4.8 5.7 6.6 7.7 8.6 9.7 10.7 11.6 12.7 13.6 14.5 16.6 17.7 18.5-lz 18.5-w 19.7 20.7
20.11 24.6 25.6 26.6 27.6 28.6 29.8 30.6 31.9 32.6 33.6 36.4-2 36.8-2 37.6 38.6 39.7 40.3 40.6 40.8
41.6 42.7 43.11 44.7 45.7 46.6 47.5 48.3 48.7 52.6 55.5
"""
SHEET = """\
<score-partwise version="3.1">
  <part-list><score-part id="P1"><part-name>Clarinet</part-name></score-part></part-list>
  <part id="P1">
    <measure number="1">
      <attributes>
        <divisions>1</divisions><time><beats>2</beats><beat-type>4</beat-type></time>
        <transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>
      </attributes>
      <sound tempo="60"/>
      {first}
    </measure>
    <measure number="2">
      {second}
      <barline location="right"><repeat direction="backward"/></barline>
    </measure>
  </part>
</score-partwise>
"""
REST = "<note><rest/><duration>2</duration></note>"
C, D = (f"<pitch><step>{step}</step><octave>4</octave></pitch>" for step in "CD")
CLARINET = SHEET.format(
    first=f'<note>{C}<duration>2</duration><tie type="start"/></note>',
    second=f'<note>{C}<duration>1</duration><tie type="stop"/></note>'
    f"<note><grace/>{C}</note><note>{D}<duration>1</duration></note>",
)
EMPTY = SHEET.format(first=REST, second=REST)


def sheet(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Score:
    """What a song would be if this were its file in the corpus."""
    path = folder / "sheet.musicxml"
    path.write_text(text)
    monkeypatch.setattr("score.corpus.reading.corpus_file", lambda name: path)
    return load_song("bach/sheet")


@pytest.fixture
def without_music21(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    names._files.cache_clear()
    monkeypatch.setitem(sys.modules, "music21", None)
    yield
    names._files.cache_clear()


def test_the_first_50_chorales() -> None:
    assert chorale_names(50) == tuple(f"bach/bwv{number}" for number in FIRST_50.split())


def test_no_chorale_is_skipped() -> None:
    assert len(chorale_names()) == 409
    assert set(corpus_names("bach")) - set(chorale_names()) == {"bach/bwv846"}
    assert set(corpus_names("bach")) < set(corpus_names())


def test_a_chorale_is_as_music21_plays_it(tmp_path: Path) -> None:
    """No repeats and a tempo of its own; music21's way to MIDI shares little with ours."""
    from music21 import converter

    path = tmp_path / "theirs.mid"
    parsed: Any = converter.parse(names.corpus_file("bach/bwv66.6"), forceSource=True)
    parsed.write("midi", path)
    ours, theirs = load_corpus_song("bach/bwv66.6").notes, read_midi(path).notes
    assert [note.pitch for note in ours] == [note.pitch for note in theirs]
    times, their_times = ([(n.start_s, n.end_s) for n in notes] for notes in (ours, theirs))
    np.testing.assert_allclose(times, their_times, atol=1e-3)


def test_bars_are_played_once_in_the_default_tempo() -> None:
    score = load_song("bach/bwv2.6")  # 44 quarters, some between repeat signs
    assert score.name == "bach_bwv2.6"
    assert score.duration_s == pytest.approx(22.0)
    assert score.pedal == ()


def test_what_becomes_of_notation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clarinet in B flat at 60 quarters a minute: a tie, a repeat, a grace note."""
    notes = sheet(tmp_path, monkeypatch, CLARINET).notes
    assert [(note.pitch, note.start_s, note.end_s) for note in notes] == [
        (58, 0.0, 3.0),  # a written C4, tied over the bar line
        (60, 3.0, 4.0),
    ]


def test_two_conversions_are_the_same() -> None:
    assert load_song("bach/bwv253") == load_song("bach/bwv253")


def test_goals_for_two_hands_are_those_of_the_same_notes_as_midi(tmp_path: Path) -> None:
    write_midi(load_song("bach/bwv253"), tmp_path / "same.mid")
    found, wanted = load_goals("bach/bwv253"), load_goals(tmp_path / "same.mid")
    assert found.name == "bach_bwv253"
    np.testing.assert_array_equal(found.keys, wanted.keys)
    assert not found.sustain.any()


@pytest.mark.parametrize(
    ("song", "is_one"),
    [
        ("bach/bwv1.6", True),
        ("mozart/k545/movement1_exposition", True),
        ("ode_to_joy", False),
        ("bach/bwv1.6.mid", False),
        ("/bach/bwv1.6", False),
        ("songs", False),
        (Path("bach/bwv1.6"), False),
    ],
)
def test_what_is_looked_for_in_the_corpus(song: str | Path, is_one: bool) -> None:
    assert is_corpus_name(song) is is_one


def test_a_file_comes_before_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bach").mkdir()
    write_midi(load_song("ode_to_joy"), tmp_path / "bach" / "bwv1.6")
    monkeypatch.chdir(tmp_path)
    assert len(load_song("bach/bwv1.6").notes) == 30


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ScoreError, match=r"'bach/bwv666.6' \(did you mean bach/bwv66\.6 "):
        load_song("bach/bwv666.6")


def test_an_unknown_folder_is_answered_with_all() -> None:
    with pytest.raises(ScoreError, match=r"has no 'bahc': name one of bach, beach, "):
        corpus_names("bahc")


@pytest.mark.usefixtures("without_music21")
@pytest.mark.parametrize("call", [chorale_names, lambda: load_song("bach/bwv1.6")])
def test_without_music21_one_line_says_what_to_install(call: object) -> None:
    assert callable(call)
    with pytest.raises(ScoreError, match=r"needs music21: run .*pip install -e '\.\[corpus\]'$"):
        call()


@pytest.mark.usefixtures("without_music21")
def test_the_library_does_without_music21() -> None:
    assert load_song("ode_to_joy").notes


def test_music21_is_imported_when_it_is_asked_for() -> None:
    code = "import sys, score; score.load_song('ode_to_joy'); sys.exit('music21' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_song_without_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScoreError, match="'bach/sheet' holds no notes"):
        sheet(tmp_path, monkeypatch, EMPTY)


def test_a_song_that_music21_cannot_time() -> None:
    with pytest.raises(ScoreError, match="cannot be read: cannot derive seconds") as refusal:
        load_song("webern/webern_dormi_jesu_op_16_no_2")
    assert "\n" not in str(refusal.value)

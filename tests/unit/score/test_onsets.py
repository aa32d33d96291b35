"""Matching of onsets, and the tempo."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from score import Note, Score, load_song, matched_onsets, tempo_ratio
from tests.unit.score.strategies import scores


def notes(*starts: float, pitch: int = 60) -> tuple[Note, ...]:
    return tuple(Note(pitch, start_s, start_s + 0.05) for start_s in starts)


def pairs(due: tuple[Note, ...], played: tuple[Note, ...]) -> list[list[float]]:
    return [[float(onset) for onset in pair] for pair in matched_onsets(due, played)]


def test_a_missed_note_does_not_push_the_others_out_of_place() -> None:
    assert pairs(notes(1.0, 1.5, 2.0), notes(1.02, 2.02)) == [[1.0, 1.02], [2.0, 2.02]]


def test_an_extra_note_takes_no_ones_place() -> None:
    assert pairs(notes(1.0, 1.5), notes(1.01, 1.2, 1.52)) == [[1.0, 1.01], [1.5, 1.52]]


def test_pairs_do_not_cross() -> None:
    assert pairs(notes(1.0, 1.1), notes(1.15, 1.2)) == [[1.0, 1.15], [1.1, 1.2]]


def test_another_pitch_or_too_far_is_no_match() -> None:
    assert pairs(notes(1.0), notes(1.0, pitch=61)) == []
    assert pairs(notes(1.0), notes(1.26)) == []
    assert pairs(notes(1.0), notes(0.76)) == [[1.0, 0.76]]
    assert matched_onsets((), notes(1.0)).shape == (0, 2)


@given(scores(), scores())
def test_each_note_is_matched_at_most_once_and_within_the_window(due: Score, played: Score) -> None:
    onsets = matched_onsets(due.notes, played.notes)
    assert len(onsets) <= min(len(due.notes), len(played.notes))
    assert (np.abs(onsets[:, 1] - onsets[:, 0]) <= 0.25).all()
    assert (np.diff(onsets[:, 0]) >= 0).all()


@given(scores())
def test_a_score_matches_itself_in_full(score: Score) -> None:
    onsets = matched_onsets(score.notes, score.notes)
    assert np.array_equal(onsets[:, 0], onsets[:, 1])
    assert len(onsets) == len(score.notes)


@pytest.mark.parametrize("song", ["ode_to_joy", "chords_in_thirds"])
@given(factor=st.floats(0.5, 2.0), late_s=st.floats(0.0, 1.0))
def test_the_tempo_ratio_is_found_whatever_the_lateness(
    song: str, factor: float, late_s: float
) -> None:
    due = load_song(song).notes
    played = [
        Note(note.pitch, note.start_s * factor + late_s, note.end_s * factor + late_s)
        for note in due
    ]
    assert tempo_ratio(due, played) == pytest.approx(factor)


def test_a_few_missed_and_wrong_notes_do_not_move_the_tempo() -> None:
    due = load_song("twinkle_twinkle_little_star").notes
    slow = [Note(n.pitch, n.start_s * 1.1, n.end_s * 1.1) for n in due]
    del slow[20], slow[5]
    slow.insert(11, Note(50, slow[11].start_s - 0.1, slow[11].start_s))
    assert tempo_ratio(due, slow) == pytest.approx(1.1, abs=0.002)


def test_without_two_pairs_there_is_no_tempo() -> None:
    assert tempo_ratio(notes(1.0, 2.0), ()) is None
    assert tempo_ratio(notes(1.0, 2.0), notes(1.0)) is None
    chord = (*notes(1.0), *notes(1.0, pitch=64))
    assert tempo_ratio(chord, chord) is None


def test_a_missing_and_a_wrong_note_leave_the_tempo_alone() -> None:
    due = load_song("ode_to_joy").notes
    wrong = replace(due[20], pitch=due[20].pitch + 1)
    played = (*due[:11], *due[12:20], wrong, *due[21:])
    assert tempo_ratio(due, played) == pytest.approx(1.0)

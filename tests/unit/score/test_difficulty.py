"""How hard a song is, against counting by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from score import Note, Score, make_goals
from score.difficulty import Difficulty, difficulty


def test_chords_and_onsets_are_counted() -> None:
    notes = (Note(60, 0.0, 1.0), Note(64, 0.0, 1.0), Note(67, 1.0, 2.0))
    goals = make_goals(Score("three", notes), 21, 88)
    found = difficulty(goals)
    assert found.mean_keys == pytest.approx(1.5, abs=0.05)
    assert found.onsets_per_s == pytest.approx(3 / goals.duration_s)
    assert found.span_keys == 0.0  # one key for each hand


@pytest.mark.parametrize(
    ("chord", "span_keys"),
    [((60,), 0), ((48, 72), 0), ((48, 55, 60, 76), 12), ((48, 60, 64, 76), 12), ((60, 62, 64), 2)],
)
def test_two_hands_share_a_chord_as_well_as_they_can(
    chord: tuple[int, ...], span_keys: int
) -> None:
    notes = tuple(Note(pitch, 0.0, 1.0) for pitch in chord)
    assert difficulty(make_goals(Score("chord", notes), 21, 88)).span_keys == span_keys


scores_of_a_few_notes = st.lists(
    st.tuples(st.integers(40, 80), st.integers(0, 20), st.integers(1, 10)), min_size=1, max_size=12
).map(lambda notes: Score("any", tuple(Note(p, t / 5, (t + n) / 5) for p, t, n in notes)))


@given(scores_of_a_few_notes, st.integers(-12, 12))
def test_the_key_of_a_song_does_not_make_it_harder(score: Score, semitones: int) -> None:
    moved = score.transposed(semitones)
    assert difficulty(make_goals(moved, 21, 88)) == difficulty(make_goals(score, 21, 88))


def test_the_worst_figure_counts() -> None:
    most = Difficulty(2.0, 4.0, 8.0)
    assert most.relative_to(most) == 1.0
    assert Difficulty(3.0, 1.0, 1.0).relative_to(most) == 1.5
    assert Difficulty(1.0, 5.0, 1.0).relative_to(most) == 1.25
    assert Difficulty(1.0, 1.0, 4.0).relative_to(most) == 0.5

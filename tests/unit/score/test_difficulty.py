"""How hard a song is, against counting by hand."""

from __future__ import annotations

import pytest

from score import Note, Score, make_goals
from score.difficulty import Difficulty, difficulty


def test_chords_and_onsets_are_counted() -> None:
    notes = (Note(60, 0.0, 1.0), Note(64, 0.0, 1.0), Note(67, 1.0, 2.0))
    goals = make_goals(Score("three", notes), 21, 88)
    found = difficulty(goals)
    assert found.mean_keys == pytest.approx(1.5, abs=0.05)
    assert found.onsets_per_s == pytest.approx(3 / goals.duration_s)


def test_both_figures_must_be_within() -> None:
    most = Difficulty(2.0, 4.0)
    assert Difficulty(2.0, 4.0).within(most)
    assert not Difficulty(2.1, 1.0).within(most)
    assert not Difficulty(1.0, 4.1).within(most)

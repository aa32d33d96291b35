"""Copies are found in any key and tempo; other songs are none."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from score import Note, Score, load_song
from score.likeness import COPY_FROM, likeness

TUNES = ("are_you_sleeping", "auld_lang_syne", "fuer_elise", "ode_to_joy", "happy_birthday")


@given(st.sampled_from(TUNES), st.integers(-12, 12), st.floats(0.5, 2.0))
def test_another_key_and_tempo_make_no_other_song(song: str, semitones: int, factor: float) -> None:
    score = load_song(song)
    assert likeness(score, score.transposed(semitones).stretched(factor)) == 1.0


@pytest.mark.parametrize(("one", "other"), [*combinations(TUNES, 2)])
def test_other_tunes_are_no_copies(one: str, other: str) -> None:
    found = likeness(load_song(one), load_song(other))
    assert found == likeness(load_song(other), load_song(one)) < COPY_FROM


def test_a_song_within_another_is_a_copy() -> None:
    score = load_song("ode_to_joy")
    assert likeness(Score("beginning", score.notes[:12]), score) == 1.0


def test_too_few_notes_are_like_nothing() -> None:
    few = Score("few", (Note(60, 0.0, 1.0), Note(62, 1.0, 2.0)))
    assert likeness(few, few) == 0.0

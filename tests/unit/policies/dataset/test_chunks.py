"""Songs cut into chunks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.dataset import load_chunks
from policies.dataset.chunks import cut
from policies.errors import DatasetError
from score import Goals, Note, Press, Score, ScoreError, write_midi


@st.composite
def goals_of_88(draw: st.DrawFn) -> Goals:
    """Goals of one note a key."""
    n_steps = draw(st.integers(2, 60))
    keys = np.zeros((n_steps, 88), np.bool_)
    presses = []
    for key in draw(st.sets(st.integers(0, 87), min_size=1, max_size=5)):
        start = draw(st.integers(0, n_steps - 1))
        end = draw(st.integers(start + 1, n_steps))
        keys[start:end, key] = True
        presses.append(Press(key, start, end))
    sustain = np.array(draw(st.lists(st.booleans(), min_size=n_steps, max_size=n_steps)))
    presses.sort(key=lambda press: (press.start, press.key))
    score = Score("song", (Note(60, 0.0, 1.0),))
    return Goals("song", score, 21, 88, keys, sustain, tuple(presses))


@given(goals_of_88(), st.integers(1, 70))
def test_chunks_are_the_song(goals: Goals, steps: int) -> None:
    """Together they are due what the song is due; presses and rolls of each agree."""
    together = np.zeros_like(goals.keys)
    for chunk in cut(goals, steps):
        part, first = chunk.goals, chunk.first_step
        assert part.n_steps <= steps
        assert first == chunk.index * steps
        together[first : first + part.n_steps] = part.keys
        pedal = goals.sustain[first : first + part.n_steps]
        np.testing.assert_array_equal(part.sustain, pedal)
        again = np.zeros_like(part.keys)
        for press in part.presses:
            again[press.start : press.end, press.key] = True
        np.testing.assert_array_equal(again, part.keys)
        assert len(part.score.notes) == len(part.presses)
    np.testing.assert_array_equal(together, goals.keys)


def test_refuses_notes_without_a_key(tmp_path: Path) -> None:
    path = tmp_path / "high.mid"
    write_midi(Score("high", (Note(60, 0.0, 1.0), Note(120, 1.0, 2.0))), path)
    with pytest.raises(DatasetError, match=r"high\.mid: .* \(pitch 120\) has no key among 88"):
        load_chunks([str(path)], 1.25)


def test_refuses_empty_corpora(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no songs"):
        load_chunks([], 1.0)
    with pytest.raises(ScoreError, match="no song"):
        load_chunks(["no_such_song"], 1.0)


def test_refuses_two_songs_of_one_name() -> None:
    with pytest.raises(DatasetError, match="two songs are called 'ode_to_joy'"):
        load_chunks(["ode_to_joy", "ode_to_joy"], 1.0)


def test_long_songs_have_chunks_of_550_steps() -> None:
    chunks = load_chunks(["fuer_elise"], 2.5)
    assert [chunk.goals.n_steps for chunk in chunks[:-1]] == [550] * (len(chunks) - 1)
    assert [chunk.name for chunk in chunks] == [f"fuer_elise_{i}" for i in range(len(chunks))]

"""Notes, pedals and scores."""

import itertools
import math

import pytest
from hypothesis import given

from score import Note, Pedal, Score, ScoreError
from score.notes import without_overlaps
from tests.unit.score.strategies import scores


@pytest.mark.parametrize(
    "field",
    [
        {"pitch": -1},
        {"pitch": 128},
        {"start_s": -0.1},
        {"start_s": math.nan},
        {"end_s": 1.0},
        {"end_s": math.inf},
        {"end_s": math.nan},
        {"velocity": 0},
        {"velocity": 128},
    ],
)
def test_a_note_out_of_range_is_refused(field: dict[str, float]) -> None:
    values = {"pitch": 60, "start_s": 1.0, "end_s": 2.0, "velocity": 64} | field
    with pytest.raises(ScoreError):
        Note(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("time_s", [-1.0, math.nan, math.inf])
def test_a_pedal_at_no_time_is_refused(time_s: float) -> None:
    with pytest.raises(ScoreError, match="pedal time"):
        Pedal(time_s, True)


def test_a_score_sorts_itself() -> None:
    late, high, low = Note(60, 1.0, 2.0), Note(64, 0.0, 1.0), Note(60, 0.0, 1.0)
    up, down = Pedal(1.0, False), Pedal(0.0, True)
    score = Score("made", (late, high, low), (up, down))
    assert score.notes == (low, high, late)
    assert score.pedal == (down, up)
    assert score.duration_s == 2.0
    assert Score("made", ()).duration_s == 0.0


def test_transposing_moves_pitches_only_and_stays_in_midi() -> None:
    score = Score("made", (Note(60, 0.0, 1.0),), (Pedal(0.5, True),))
    assert score.transposed(-12) == Score("made", (Note(48, 0.0, 1.0),), (Pedal(0.5, True),))
    with pytest.raises(ScoreError, match="pitch 128"):
        score.transposed(68)


def test_stretching_scales_every_time() -> None:
    score = Score("made", (Note(60, 1.0, 2.0),), (Pedal(0.5, True),))
    assert score.stretched(0.5) == Score("made", (Note(60, 0.5, 1.0),), (Pedal(0.25, True),))
    for factor in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ScoreError, match="cannot stretch"):
            score.stretched(factor)


def test_a_new_onset_ends_the_old_note() -> None:
    old, new = Note(60, 0.0, 3.0), Note(60, 1.0, 2.0)
    assert without_overlaps((new, old)) == (Note(60, 0.0, 1.0), new)


def test_notes_that_start_together_become_the_longest_and_loudest() -> None:
    doubled = (Note(60, 0.0, 3.0, 40), Note(60, 0.0, 1.0, 90))
    assert without_overlaps(doubled) == (Note(60, 0.0, 3.0, 90),)


@given(scores())
def test_no_overlaps_are_left_and_no_onset_is_lost(score: Score) -> None:
    notes = without_overlaps(score.notes)
    assert {(n.pitch, n.start_s) for n in notes} == {(n.pitch, n.start_s) for n in score.notes}
    for pitch in {note.pitch for note in notes}:
        same = [note for note in notes if note.pitch == pitch]
        assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(same))

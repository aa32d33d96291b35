"""Goals: where every note lands on the control grid."""

import itertools

import numpy as np
import pytest
from hypothesis import given

from score import (
    CONTROL_STEP_S,
    LOOKAHEAD,
    Note,
    Pedal,
    Press,
    Score,
    ScoreError,
    events_of_score,
    make_goals,
    roll_of_events,
)
from tests.unit.score.strategies import LOWEST_PITCH, N_KEYS, grid_notes, scores


def score_of(*notes: tuple[int, float, float]) -> Score:
    return Score("made", tuple(Note(*note) for note in notes))


def rows_of_key(score: Score, pitch: int = 60) -> list[int]:
    goals = make_goals(score, LOWEST_PITCH, N_KEYS)
    return [int(row) for row in np.flatnonzero(goals.keys[:, pitch - LOWEST_PITCH])]


@given(scores())
def test_playing_the_placed_score_exactly_gives_exactly_the_goal(score: Score) -> None:
    goals = make_goals(score, LOWEST_PITCH, N_KEYS)
    events = events_of_score(goals.score, LOWEST_PITCH)
    assert np.array_equal(roll_of_events(events, goals.n_steps, N_KEYS), goals.keys)


@given(scores())
def test_presses_are_the_roll_and_never_empty_nor_overlapping(score: Score) -> None:
    goals = make_goals(score, LOWEST_PITCH, N_KEYS)
    covered = np.zeros_like(goals.keys, dtype=int)
    for press in goals.presses:
        assert press.end > press.start
        covered[press.start : press.end, press.key] += 1
    assert np.array_equal(covered, goals.keys.astype(int))
    assert list(goals.presses) == sorted(goals.presses, key=lambda p: (p.start, p.key))


@given(scores())
def test_the_first_note_is_at_half_a_second_and_the_tail_is_a_fifth(score: Score) -> None:
    goals = make_goals(score, LOWEST_PITCH, N_KEYS)
    assert goals.score.notes[0].start_s == pytest.approx(0.5)
    assert goals.presses[0].start == 9  # row 9 shows score time 0.5 s
    assert not goals.keys[-4:].any()
    tail_s = goals.duration_s - goals.score.duration_s
    assert 0.2 - 1e-6 <= tail_s < 0.2 + CONTROL_STEP_S


@given(scores(grid_notes()))
def test_a_repeated_note_takes_one_step_from_the_note_before_it(score: Score) -> None:
    goals = make_goals(score, LOWEST_PITCH, N_KEYS)
    by_key: dict[int, list[Press]] = {}
    for press in goals.presses:
        by_key.setdefault(press.key, []).append(press)
    for presses in by_key.values():
        for before, after in itertools.pairwise(presses):
            gap = after.start - before.end
            assert gap >= 1 or (gap == 0 and before.end - before.start == 1)


def test_repeated_notes_by_hand() -> None:
    repeated = score_of((60, 0.0, 0.2), (60, 0.2, 0.4))
    assert rows_of_key(repeated) == [9, 10, 11, 13, 14, 15, 16]


def test_notes_of_one_step_give_nothing_away() -> None:
    goals = make_goals(score_of((60, 0.0, 0.05), (60, 0.05, 0.1)), LOWEST_PITCH, N_KEYS)
    assert goals.presses == (Press(24, 9, 10), Press(24, 10, 11))


def test_a_gap_of_one_step_that_is_there_already_is_kept() -> None:
    assert rows_of_key(score_of((60, 0.0, 0.15), (60, 0.2, 0.3))) == [9, 10, 11, 13, 14]


def test_a_gap_shorter_than_a_step_becomes_one_step() -> None:
    assert rows_of_key(score_of((60, 0.0, 0.18), (60, 0.2, 0.3))) == [9, 10, 11, 13, 14]


def test_a_note_shorter_than_a_step_lasts_one() -> None:
    assert rows_of_key(score_of((60, 0.0, 0.01))) == [9]
    assert rows_of_key(score_of((48, 0.0, 0.1), (60, 0.02, 0.03))) == [10]


def test_two_onsets_of_one_pitch_within_one_step_are_one_note() -> None:
    goals = make_goals(
        score_of((48, 0.0, 0.1), (60, 0.01, 0.02), (60, 0.03, 0.4)), LOWEST_PITCH, N_KEYS
    )
    assert len(goals.presses) == 2


@pytest.mark.parametrize("n", [1, 3, 7, 29, 1001])
def test_on_grid_times_survive_floating_point(n: int) -> None:
    summed_s = sum([0.05] * n)  # not n * 0.05 in floating point
    assert rows_of_key(score_of((48, 0.0, 0.05), (60, summed_s, summed_s + 0.05))) == [9 + n]


def test_a_tempo_in_whole_microseconds_does_not_push_notes_off_the_grid() -> None:
    drifted_s = 2.0 + 300e-6
    score = score_of((48, 0.0, 0.05), (60, drifted_s, drifted_s + 0.5))
    assert rows_of_key(score) == list(range(49, 59))


def test_lookahead_starts_at_the_row_of_this_step_and_ends_in_silence() -> None:
    goals = make_goals(score_of((60, 0.0, 0.5), (62, 0.5, 1.0)), LOWEST_PITCH, N_KEYS)
    window = goals.lookahead(5)
    assert window.shape == (LOOKAHEAD + 1, N_KEYS)
    assert np.array_equal(window, goals.keys[5 : 5 + LOOKAHEAD + 1])
    last = goals.lookahead(goals.n_steps - 6)
    assert np.array_equal(last[:6], goals.keys[-6:])
    assert not last[6:].any()
    for t in (goals.n_steps, goals.n_steps + 100):
        assert goals.lookahead(t).shape == window.shape
        assert not goals.lookahead(t).any()
    with pytest.raises(IndexError, match="before the start"):
        goals.lookahead(-1)


def test_silence_after_the_end_changes_nothing_before() -> None:
    goals = make_goals(score_of((60, 0.0, 0.5)), LOWEST_PITCH, N_KEYS)
    longer = goals.then_silence(3)
    assert longer.n_steps == goals.n_steps + 3
    assert np.array_equal(longer.keys[: goals.n_steps], goals.keys)
    assert not longer.keys[goals.n_steps :].any()
    assert not longer.lookahead(longer.n_steps).any()
    for step in range(longer.n_steps):
        assert np.array_equal(longer.lookahead(step), goals.lookahead(step))


def test_goals_cannot_be_changed_by_who_reads_them() -> None:
    goals = make_goals(score_of((60, 0.0, 0.5)), LOWEST_PITCH, N_KEYS)
    for array in (goals.keys, goals.sustain, goals.lookahead(0)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = True


def test_notes_without_a_key_are_left_out_and_do_not_shift_the_start() -> None:
    goals = make_goals(score_of((20, 0.0, 1.0), (60, 1.0, 1.5)), LOWEST_PITCH, N_KEYS)
    assert [note.pitch for note in goals.score.notes] == [60]
    assert goals.presses == (Press(24, 9, 19),)


def test_a_song_no_key_of_which_fits_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ScoreError, match=r"no note of 'made' fits .* 36 to 84\); transpose"):
        make_goals(score_of((20, 0.0, 1.0)), LOWEST_PITCH, N_KEYS)
    with pytest.raises(ScoreError, match="no note"):
        make_goals(Score("made", ()), LOWEST_PITCH, N_KEYS)


def test_sustain_follows_the_pedal_on_the_same_grid() -> None:
    pedal = (Pedal(1.5, True), Pedal(0.0, True), Pedal(1.2, False))
    score = Score("made", (Note(60, 1.0, 2.0),), pedal)
    goals = make_goals(score, LOWEST_PITCH, N_KEYS)
    # The note moves from 1 s to 0.5 s, the pedal with it: 0 (not below), 0.7 and 1.0 s.
    assert goals.sustain.tolist() == [True] * 13 + [False] * 6 + [True] * (goals.n_steps - 19)

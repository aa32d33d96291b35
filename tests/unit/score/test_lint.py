"""Lint and transposition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from score import (
    Finding,
    Note,
    PlayingLimits,
    Score,
    ScoreError,
    best_transposition,
    lint,
    load_song,
    pitch_name,
    song_names,
)
from tests.unit.score.strategies import scores

LIMITS = PlayingLimits(
    lowest_pitch=36,
    highest_pitch=84,
    n_fingers=3,
    max_span_m=0.1,
    min_tip_distance_m=0.019,
    max_hand_speed_m_s=0.34,
    min_repeat_s=0.15,
)


def findings(*notes: tuple[int, float, float]) -> tuple[Finding, ...]:
    return lint(Score("made", tuple(Note(*note) for note in notes)), LIMITS)


def kinds(*notes: tuple[int, float, float]) -> list[str]:
    return [finding.kind for finding in findings(*notes)]


@pytest.mark.parametrize("song", song_names())
def test_the_library_can_be_played_by_three_fingers(song: str) -> None:
    assert lint(load_song(song), LIMITS) == ()


def test_out_of_range() -> None:
    low, high = findings((35, 0.0, 1.0), (84, 0.0, 1.0), (85, 1.0, 2.0))
    assert (low.kind, low.time_s, low.pitches) == ("out_of_range", 0.0, (35,))
    assert low.message == "B1 has no key: the keyboard goes from C2 to C6"
    assert high.pitches == (85,)


def test_more_notes_at_once_than_fingers() -> None:
    assert kinds(*((pitch, 0.0, 1.0) for pitch in (60, 62, 64))) == []
    assert kinds(*((pitch, 0.0, 1.0) for pitch in (60, 62, 64, 65))) == ["too_many_notes"]


def test_notes_held_on_count_until_a_step_before_they_end() -> None:
    held = [(60, 0.0, 1.0), (62, 0.0, 1.0), (64, 0.0, 1.0)]
    assert kinds(*held, (65, 0.9, 2.0)) == ["too_many_notes"]
    assert kinds(*held, (65, 0.95, 2.0)) == []


def test_too_far_apart() -> None:
    assert kinds((60, 0.0, 1.0), (67, 0.0, 1.0)) == []  # a fifth: 94 mm
    assert kinds((60, 0.0, 1.0), (69, 0.0, 1.0)) == ["out_of_reach"]
    assert "117 mm apart" in findings((60, 0.0, 1.0), (69, 0.0, 1.0))[0].message


def test_too_close_together() -> None:
    (finding,) = findings((60, 0.0, 1.0), (61, 0.0, 1.0))
    assert (finding.kind, finding.pitches) == ("out_of_reach", (60, 61))
    assert "fingertips need 19 mm" in finding.message


def test_too_fast_for_the_hand() -> None:
    # An octave is 164.5 mm; a hand of 100 mm travels 64.5 mm of it.
    assert kinds((60, 0.0, 0.2), (72, 0.2, 1.0)) == []
    assert kinds((60, 0.0, 0.1), (72, 0.1, 1.0)) == ["too_fast"]
    assert kinds((72, 0.0, 0.1), (60, 0.1, 1.0)) == ["too_fast"]


def test_too_fast_for_the_key() -> None:
    assert kinds((60, 0.0, 0.1), (60, 0.15, 0.3)) == []
    assert kinds((60, 0.0, 0.1), (60, 0.14, 0.3)) == ["too_fast"]


@given(scores())
def test_findings_are_sorted_and_half_the_tempo_has_no_more_repeats_too_fast(score: Score) -> None:
    fast, slow = lint(score, LIMITS), lint(score.stretched(2.0), LIMITS)
    assert [finding.time_s for finding in fast] == sorted(finding.time_s for finding in fast)
    repeats = [sum("repeated" in finding.message for finding in some) for some in (fast, slow)]
    assert repeats[1] <= repeats[0]


def test_a_score_without_notes_has_no_findings_and_needs_no_transposition() -> None:
    assert lint(Score("made", ()), LIMITS) == ()
    assert best_transposition(Score("made", ()), LIMITS) == 0


@pytest.mark.parametrize(("moved", "back"), [(0, 0), (30, -24), (24, -12), (-30, 12), (18, -12)])
def test_octaves_are_preferred_and_no_more_than_needed(moved: int, back: int) -> None:
    song = load_song("ode_to_joy").transposed(moved)  # it goes from C4 to G4
    assert best_transposition(song, LIMITS) == back


def test_a_song_that_fits_only_between_octaves_is_moved_by_semitones() -> None:
    wide = Score("wide", (Note(40, 0.0, 1.0), Note(88, 1.0, 2.0)))
    assert best_transposition(wide, LIMITS) == -4


@given(scores(), st.integers(-30, 30))
def test_no_transposition_leaves_fewer_notes_without_a_key(score: Score, shift: int) -> None:
    moved = score.transposed(shift)
    best = moved.transposed(best_transposition(moved, LIMITS))
    assert [f for f in lint(best, LIMITS) if f.kind == "out_of_range"] == []


def test_names_of_pitches() -> None:
    assert [pitch_name(pitch) for pitch in (0, 60, 61, 70, 127)] == [
        "C-1",
        "C4",
        "C#4",
        "A#4",
        "G9",
    ]


def test_a_keyboard_without_keys_is_refused() -> None:
    with pytest.raises(ScoreError, match="highest pitch 35"):
        PlayingLimits(36, 35, 3, 0.1, 0.02, 0.3, 0.1)

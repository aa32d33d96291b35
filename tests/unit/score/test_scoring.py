"""Scoring a performance: what each number sees, and what it does not."""

import json
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from score import (
    Goals,
    KeyEvent,
    LoopTiming,
    Note,
    Performance,
    ScoreError,
    best_shift,
    events_of_score,
    load_song,
    make_goals,
    note_f1,
    score_performance,
    wrong_keys,
)
from tests.unit.score.strategies import LOWEST_PITCH, N_KEYS, event_lists

TWINKLE = make_goals(load_song("twinkle_twinkle_little_star"), LOWEST_PITCH, N_KEYS)
THIRDS = make_goals(load_song("chords_in_thirds"), LOWEST_PITCH, N_KEYS)


def perfect(goals: Goals, late_s: float = 0.0) -> list[KeyEvent]:
    events = events_of_score(goals.score, LOWEST_PITCH)
    return [replace(event, time_s=event.time_s + late_s) for event in events]


def scored(events: Iterable[KeyEvent], goals: Goals = TWINKLE) -> Performance:
    return score_performance(goals, list(events), rig="a_rig", mode="sim", policy="planner")


@pytest.mark.parametrize("goals", [TWINKLE, THIRDS])
def test_a_perfect_performance_is_perfect_in_every_number(goals: Goals) -> None:
    result = scored(perfect(goals), goals)
    assert (result.frame.precision, result.frame.recall, result.frame.f1) == (1.0, 1.0, 1.0)
    assert (result.frame.f1_shifted, result.frame.shift_s) == (1.0, 0.0)
    assert (result.note.f1_50ms, result.note.f1_100ms) == (1.0, 1.0)
    assert (result.onset_error_ms.median, result.onset_error_ms.p95) == (0.0, 0.0)
    assert result.wrong_keys == 0
    assert result.tempo_ratio == pytest.approx(1.0)
    assert result.duration_s == pytest.approx(goals.score.duration_s + 0.2)


def test_being_50_ms_late_costs_frame_f1_dearly_and_the_shift_gives_it_back() -> None:
    result = scored(perfect(TWINKLE, late_s=0.05))
    assert result.frame.f1 < 0.9  # a perfect performance otherwise: more than 0.1 is lost
    assert result.frame.f1_shifted == pytest.approx(1.0)
    assert result.frame.shift_s == pytest.approx(0.05)
    assert result.onset_error_ms.median == pytest.approx(50.0)
    assert result.wrong_keys == 0


def test_being_later_costs_more_and_note_f1_falls_to_nothing() -> None:
    by_lateness = [scored(perfect(TWINKLE, late_s)) for late_s in (0.05, 0.1, 0.2)]
    f1s = [result.frame.f1 for result in by_lateness]
    assert f1s == sorted(f1s, reverse=True)
    assert [result.note.f1_50ms for result in by_lateness] == [1.0, 0.0, 0.0]
    assert [result.note.f1_100ms for result in by_lateness] == [1.0, 1.0, 0.0]


def test_holding_repeated_keys_hardly_costs_frame_f1_but_many_notes() -> None:
    notes = TWINKLE.score.notes
    struck = [notes[0], *(b for a, b in pairwise(notes) if a.pitch != b.pitch)]
    ends_s = [note.start_s for note in struck[1:]] + [notes[-1].end_s]
    held = [
        event
        for note, end_s in zip(struck, ends_s, strict=True)
        for event in (
            KeyEvent(note.start_s, note.pitch - LOWEST_PITCH, True),
            KeyEvent(end_s, note.pitch - LOWEST_PITCH, False),
        )
    ]
    result = scored(held)
    assert result.frame.f1 > 0.94
    assert result.note.f1_50ms < 0.8


def test_doing_nothing_scores_the_silence_and_everything_stays_finite() -> None:
    result = scored([])
    silence = float((~TWINKLE.keys.any(axis=1)).mean())
    assert result.frame.f1 == result.frame.do_nothing_f1 == pytest.approx(silence)
    assert result.frame.f1_shifted == pytest.approx(silence)
    assert (result.note.f1_50ms, result.note.f1_100ms) == (0.0, 0.0)
    assert result.onset_error_ms.median is result.onset_error_ms.p95 is None
    assert (result.wrong_keys, result.tempo_ratio) == (0, None)


def test_playing_only_wrong_keys_matches_nothing() -> None:
    wrong = [replace(event, key=event.key + 1) for event in perfect(TWINKLE)]
    result = scored(replace(event, key=event.key % 12) for event in wrong)
    assert result.wrong_keys == 42
    assert result.note.f1_100ms == 0.0
    assert result.onset_error_ms.median is None


@pytest.mark.parametrize("late_s", [-0.3, -0.12, -0.05, 0.005, 0.02, 0.12, 0.245, 0.3])
def test_any_constant_lateness_is_given_back_in_full(late_s: float) -> None:
    shift_s, f1 = best_shift(THIRDS.keys, perfect(THIRDS, late_s), expected_s=late_s)
    assert shift_s == pytest.approx(late_s)
    assert f1 == pytest.approx(1.0)


@pytest.mark.parametrize("late_s", [-0.12, -0.05, 0.02, 0.12, 0.2])
def test_the_shift_is_the_lateness(late_s: float) -> None:
    assert scored(perfect(THIRDS, late_s), THIRDS).frame.shift_s == pytest.approx(late_s)


@given(event_lists)
def test_every_number_is_finite_and_in_its_range(events: list[KeyEvent]) -> None:
    result = scored(events, THIRDS)
    frame, note = result.frame, result.note
    for share in (frame.precision, frame.recall, frame.f1, note.f1_50ms, note.f1_100ms):
        assert 0.0 <= share <= 1.0
    assert frame.f1 <= frame.f1_shifted <= 1.0
    assert note.f1_50ms <= note.f1_100ms
    assert abs(frame.shift_s) <= 0.3
    assert 0 <= result.wrong_keys <= sum(event.down for event in events)
    assert Performance.from_json(result.to_json()) == result


def test_a_press_is_wrong_when_its_key_is_not_due_within_a_tenth_of_a_second() -> None:
    due = (Note(60, 1.0, 2.0),)
    right, wrong = (0.9, 1.0, 1.5, 2.1), (0.89, 2.11)
    assert wrong_keys(due, [Note(60, at, at + 0.2) for at in right]) == 0
    assert wrong_keys(due, [Note(60, at, at + 0.2) for at in wrong]) == 2
    assert wrong_keys(due, [Note(61, 1.0, 2.0)]) == 1


def test_note_f1_without_notes() -> None:
    assert note_f1((), (), 0.05) == 1.0
    assert note_f1(TWINKLE.score.notes, (), 0.05) == 0.0


def test_note_f1_counts_every_note_once() -> None:
    due = (Note(60, 1.0, 1.5), Note(62, 1.5, 2.0))
    played = (Note(60, 1.05, 1.2), Note(60, 1.0, 1.05), Note(63, 1.5, 2.0))
    assert note_f1(due, played, 0.05) == pytest.approx(2 * 1 / (2 + 3))


def test_what_the_caller_says_is_in_the_report() -> None:
    loop = LoopTiming(50.0, 51.2, 0)
    result = score_performance(
        THIRDS, [], rig="a", mode="real", policy="b", seed=3, loop=loop, versions={"x": "1"}
    )
    assert (result.song, result.rig, result.mode) == ("chords_in_thirds", "a", "real")
    assert (result.policy, result.seed, result.loop) == ("b", 3, loop)
    assert result.versions == {"x": "1"}
    assert {"python", "mir_eval", "numpy"} <= set(scored([]).versions)


def test_an_event_of_a_key_that_is_not_there_is_refused() -> None:
    with pytest.raises(ScoreError, match="keys 0 to 48"):
        scored([KeyEvent(1.0, 49, True)])
    with pytest.raises(ScoreError, match="keys 0 to 48"):
        best_shift(THIRDS.keys, [KeyEvent(1.0, 49, True)])


def test_scoring_is_fast_enough_to_be_done_all_the_time() -> None:
    events = perfect(TWINKLE, late_s=0.02)
    scored(events)  # imports the tools
    times_s = []
    for _ in range(5):
        start_s = time.process_time()
        scored(events)
        times_s.append(time.process_time() - start_s)
    assert min(times_s) < 0.05


FIELDS = {
    "": (
        "song rig mode policy seed frame note onset_error_ms wrong_keys tempo_ratio loop "
        "duration_s versions"
    ),
    "frame": "precision recall f1 f1_shifted shift_s do_nothing_f1",
    "note": "f1_50ms f1_100ms",
    "onset_error_ms": "median p95",
    "loop": "period_ms_p50 period_ms_p99 missed",
}


@pytest.mark.parametrize("group", FIELDS)
def test_json_has_exactly_the_fields_of_the_format(group: str) -> None:
    data = json.loads(scored([]).to_json())
    assert " ".join(data[group] if group else data) == FIELDS[group]


NOTHING = scored([])


@given(st.integers(0, 2**63), st.floats(allow_nan=False, allow_infinity=False))
def test_json_brings_every_number_back_exactly(seed: int, f1: float) -> None:
    result = replace(NOTHING, seed=seed, frame=replace(NOTHING.frame, f1=f1))
    assert Performance.from_json(result.to_json()) == result


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"song": 3}, "performance.song is 3; it must be str"),
        ({"seed": True}, "performance.seed is True; it must be int or null"),
        ({"wrong_keys": 1.5}, "wrong_keys is 1.5"),
        ({"duration_s": float("nan")}, "duration_s is nan"),
        ({"loop": None}, "performance.loop must be a JSON object"),
        ({"note": {"f1_50ms": 1.0}}, "performance.note lacks field 'f1_100ms'"),
        ({"extra": 1}, "performance has unknown field 'extra'"),
        ({"versions": {"x": 1}}, "performance.versions must map names to texts"),
    ],
)
def test_json_that_is_no_performance_is_named_with_its_fault(
    change: dict[str, object], fault: str
) -> None:
    text = json.dumps(scored([]).to_dict() | change)
    with pytest.raises(ScoreError, match=fault.replace(".", r"\.")):
        Performance.from_json(text)


@given(st.text(max_size=30) | st.binary(max_size=30))
def test_text_that_is_no_performance_gives_a_score_error(text: str | bytes) -> None:
    with pytest.raises(ScoreError):
        Performance.from_json(text)


def test_whole_numbers_may_stand_for_fractions() -> None:
    data = scored([]).to_dict() | {"duration_s": 12, "tempo_ratio": 1}
    assert Performance.from_json(json.dumps(data)).duration_s == 12.0

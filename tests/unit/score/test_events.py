"""Key events, the rolls sampled from them and the notes they amount to."""

import math

import numpy as np
import pytest
from hypothesis import given

from score import (
    Hold,
    KeyEvent,
    Note,
    ScoreError,
    events_of_score,
    holds_of_events,
    notes_of_events,
    performance_score,
    roll_of_events,
    since_zero,
)
from tests.unit.score.strategies import event_lists


def rows(events: list[KeyEvent], n_steps: int = 10) -> list[int]:
    roll = roll_of_events(events, n_steps, 3)
    assert not roll[:, [0, 2]].any()
    return [int(row) for row in np.flatnonzero(roll[:, 1])]


def press(start_s: float, end_s: float, key: int = 1) -> list[KeyEvent]:
    return [KeyEvent(start_s, key, True), KeyEvent(end_s, key, False)]


@given(event_lists)
def test_the_roll_is_the_keyboard_sampled_at_the_end_of_every_step(
    events: list[KeyEvent],
) -> None:
    roll = roll_of_events(events, 130, 31)
    down: set[int] = set()
    pending = sorted(events, key=lambda event: event.time_s)
    for t in range(130):
        while pending and pending[0].time_s <= (t + 1) * 0.05 + 1e-6:
            event = pending.pop(0)
            (down.add if event.down else down.discard)(event.key)
        assert set(np.flatnonzero(roll[t]).tolist()) == down


def test_an_event_on_the_sample_counts_and_a_release_on_it_too() -> None:
    assert rows(press(0.10, 0.25)) == [1, 2, 3]


def test_sums_of_physics_steps_fall_on_the_same_rows() -> None:
    start_s, end_s = sum([0.005] * 20), sum([0.005] * 50)
    assert (start_s, end_s) != (0.10, 0.25)
    assert rows(press(start_s, end_s)) == [1, 2, 3]


def test_a_tap_between_two_samples_is_invisible() -> None:
    assert rows(press(0.11, 0.14)) == []


def test_a_key_pressed_before_the_start_or_never_released_is_down_all_the_time() -> None:
    assert rows([KeyEvent(-3.0, 1, True)], n_steps=4) == [0, 1, 2, 3]
    assert rows(press(-3.0, -1.0), n_steps=4) == []


def test_order_decides_between_events_of_one_moment() -> None:
    again = [*press(0.1, 0.2), *press(0.2, 0.3)]
    assert [hold.start_s for hold in holds_of_events(again)] == [0.1, 0.2]
    assert rows(again) == [1, 2, 3, 4]


def test_a_key_struck_while_down_was_struck_twice() -> None:
    events = [KeyEvent(0.1, 1, True, 50), KeyEvent(0.2, 1, True, 70), KeyEvent(0.3, 1, False)]
    assert holds_of_events(events) == (Hold(1, 0.1, 0.2, 50), Hold(1, 0.2, 0.3, 70))


def test_a_stray_release_changes_nothing_and_a_key_held_on_ends_at_infinity() -> None:
    assert holds_of_events([KeyEvent(0.1, 1, False)]) == ()
    assert holds_of_events([KeyEvent(0.1, 1, True, 9)]) == (Hold(1, 0.1, math.inf, 9),)


@pytest.mark.parametrize("time_s", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_no_time_is_refused(time_s: float) -> None:
    with pytest.raises(ScoreError, match="must be finite"):
        KeyEvent(time_s, 1, True)


def test_a_key_that_is_no_key_is_refused() -> None:
    with pytest.raises(ScoreError, match="lowest is 0"):
        KeyEvent(0.0, -1, True)
    with pytest.raises(ScoreError, match="keys 0 to 2"):
        roll_of_events(press(0.1, 0.2, key=3), 10, 3)
    with pytest.raises(ScoreError, match="velocity 128"):
        KeyEvent(0.0, 1, True, 128)


@given(event_lists)
def test_the_performance_is_a_score_whose_events_are_the_same_holds(
    events: list[KeyEvent],
) -> None:
    score = performance_score(events, "played", 36)
    assert len(score.notes) == sum(event.down for event in events)
    assert all(note.end_s - note.start_s >= 0.001 - 1e-9 for note in score.notes)
    starts = [max(hold.start_s, 0.0) for hold in holds_of_events(events)]
    assert sorted(starts) == [note.start_s for note in score.notes]


def test_a_note_held_on_ends_with_the_performance() -> None:
    held = [KeyEvent(1.0, 24, True, 80), KeyEvent(2.0, 26, True), KeyEvent(2.5, 26, False)]
    assert notes_of_events(held, 36, end_s=4.0)[0] == Note(60, 1.0, 4.0, 80)
    assert notes_of_events(held, 36)[0].end_s == 2.5


def test_events_of_a_score_release_before_they_press() -> None:
    score = performance_score([*press(0.1, 0.2), *press(0.2, 0.3)], "played", 36)
    events = events_of_score(score, 36)
    assert [(event.time_s, event.down) for event in events] == [
        (0.1, True),
        (0.2, False),
        (0.2, True),
        (0.3, False),
    ]
    with pytest.raises(ScoreError, match="lowest is 0"):
        events_of_score(score, 60)


def test_what_was_down_before_score_time_is_pressed_at_its_beginning() -> None:
    held, tapped, later = press(-0.2, 0.3, 1), press(-0.3, -0.1, 2), press(0.1, 0.2, 3)
    before = [tapped[0], held[0], tapped[1]]
    expected = (KeyEvent(0.0, 1, True), later[0], later[1], held[1])
    assert since_zero([*before, later[0], later[1], held[1]]) == expected


@given(event_lists)
def test_events_of_score_time_stay_as_they_are(events: list[KeyEvent]) -> None:
    later = [event for event in events if event.time_s >= 0]
    assert since_zero(later) == tuple(later)

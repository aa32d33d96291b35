"""A performance as a movement: joints between records, keys between events."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from score import KeyEvent, Note, Score, make_goals
from sim.replay import Replay

GOALS = make_goals(Score("one_note", (Note(60, 0.0, 0.5),)), 48, 25)
EVENTS = (
    KeyEvent(0.6, 12, True),
    KeyEvent(0.9, 12, False),
    KeyEvent(0.7, 14, True),
)
REPLAY = Replay(GOALS, EVENTS, np.array([0.0, 1.0]), np.array([[0.0, 1.0], [2.0, -1.0]]))


def test_joints_move_evenly_between_records_and_rest_beyond() -> None:
    assert REPLAY.joints_at(0.25).tolist() == [0.5, 0.5]
    assert REPLAY.joints_at(-1.0).tolist() == [0.0, 1.0]
    assert REPLAY.joints_at(9.0).tolist() == [2.0, -1.0]


def test_what_sounds_and_what_is_due() -> None:
    assert REPLAY.due_at(0.49) == frozenset()
    assert REPLAY.due_at(0.5) == {12}
    assert REPLAY.sounding_at(0.59) == frozenset()
    assert REPLAY.sounding_at(0.65) == {12}
    assert REPLAY.sounding_at(0.95) == {14}
    assert REPLAY.sounding_at(100.0) == {14}


def test_a_key_is_where_its_events_say() -> None:
    depth = [REPLAY.key_depth_at(time_s)[12] for time_s in (0.5, 0.6, 0.7, 0.9, 1.0)]
    assert depth == pytest.approx([0.0, 0.5, 0.85, 0.4, 0.0])


@given(st.floats(0.0, 2.0))
def test_depth_stays_within_travel_and_agrees_with_sound(time_s: float) -> None:
    depth = REPLAY.key_depth_at(time_s)
    assert ((depth >= 0.0) & (depth <= 1.0)).all()
    for key in REPLAY.sounding_at(time_s):
        assert depth[key] >= 0.4
    assert np.count_nonzero(depth) <= 2

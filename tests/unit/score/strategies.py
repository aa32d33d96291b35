"""Hypothesis strategies for music: scores on and off the control grid, rolls, key events."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from score import CONTROL_STEP_S, KeyEvent, Note, Score

LOWEST_PITCH, N_KEYS = 36, 49

pitches = st.integers(LOWEST_PITCH, LOWEST_PITCH + N_KEYS - 1)
# Few pitches make repeated notes, overlaps and doubled onsets common instead of rare.
few_pitches = st.integers(60, 62)
velocities = st.integers(1, 127)


@st.composite
def free_notes(draw: st.DrawFn) -> Note:
    """A note at any time, of any length from a fifth of a millisecond."""
    start_s = draw(st.floats(0.0, 4.0))
    length_s = draw(st.floats(0.0002, 1.0))
    return Note(draw(few_pitches), start_s, start_s + length_s, draw(velocities))


@st.composite
def grid_notes(draw: st.DrawFn) -> Note:
    """A note whose times are whole control steps."""
    start = draw(st.integers(0, 60))
    end = start + draw(st.integers(1, 12))
    return Note(draw(few_pitches), start * CONTROL_STEP_S, end * CONTROL_STEP_S, draw(velocities))


def scores(notes: st.SearchStrategy[Note] | None = None) -> st.SearchStrategy[Score]:
    """Scores of 1 to 25 notes."""
    kinds = notes if notes is not None else st.one_of(free_notes(), grid_notes())
    return st.lists(kinds, min_size=1, max_size=25).map(lambda ns: Score("made", tuple(ns)))


key_events = st.builds(
    KeyEvent,
    time_s=st.floats(-1.0, 6.0),
    key=st.integers(20, 30),
    down=st.booleans(),
    velocity=st.integers(0, 127),
)

event_lists = st.lists(key_events, max_size=40)


@st.composite
def roll_pairs(draw: st.DrawFn) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Two boolean rolls of one shape, `[T, n_keys]`."""
    shape = draw(st.tuples(st.integers(1, 12), st.integers(1, 6)))
    roll = hnp.arrays(np.bool_, shape)
    return draw(roll), draw(roll)

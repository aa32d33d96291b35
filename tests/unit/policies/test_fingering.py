"""Fingering: what it always keeps, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import PlanParameters, UnreachableError
from policies.planner import load_parameters
from policies.planner.aside import REST_STEPS
from policies.planner.fingering import Fingering, choose_fingering
from policies.planner.reach import Reach, measure_reach
from score import Goals, Note, Score, load_song, song_names
from sim import Rig, load_rig
from tests.unit.playing import RIGS, chord_score, goals_of, song_goals

every_rig = pytest.mark.parametrize("rig", RIGS)
REACHES = {rig: measure_reach(load_rig(rig), load_parameters(rig)) for rig in RIGS}


def fingering_of(score: Score, rig: str, reach: Reach | None = None) -> tuple[Goals, Fingering]:
    description = load_rig(rig)
    goals = goals_of(score, description)
    parameters = load_parameters(rig)
    return goals, choose_fingering(goals, description, reach or REACHES[rig], parameters)


def check(goals: Goals, fingering: Fingering, rig: Rig, reach: Reach) -> None:
    """What every fingering keeps: one finger a key, no crossing, everything within reach."""
    assert set(fingering.finger) == set(goals.presses)
    low, high = rig.rail.range_m
    assert ((fingering.rail >= low - 1e-9) & (fingering.rail <= high + 1e-9)).all()
    assert fingering.rows == tuple(sorted({press.start for press in goals.presses}))
    for row, rail in zip(fingering.rows, fingering.rail, strict=True):
        sounding = sorted(
            (press for press in goals.presses if press.start <= row < press.end),
            key=lambda press: press.key,
        )
        fingers = [fingering.finger[press] for press in sounding]
        assert all(lower < higher for lower, higher in pairwise(fingers))
        for press, finger in zip(sounding, fingers, strict=True):
            offset = rig.keyboard.center_y[press.key] - rail
            black = int(rig.keyboard.black[press.key])
            assert reach.low[finger, black] - 1e-9 <= offset <= reach.high[finger, black] + 1e-9


@every_rig
@pytest.mark.parametrize("song", song_names())
def test_library_songs_are_fingered_without_crossing(rig: str, song: str) -> None:
    goals, description = song_goals(rig, song), load_rig(rig)
    parameters = load_parameters(rig)
    fingering = choose_fingering(goals, description, REACHES[rig], parameters)
    check(goals, fingering, description, REACHES[rig])


notes = st.builds(
    lambda pitch, start, steps: Note(pitch, start * 0.1, start * 0.1 + steps * 0.05, 64),
    st.integers(50, 66),
    st.integers(0, 25),
    st.integers(2, 12),
)


@every_rig
@settings(max_examples=15, deadline=None)
@given(played=st.lists(notes, min_size=1, max_size=7))
def test_any_music_is_fingered_or_refused_by_name(rig: str, played: list[Note]) -> None:
    score = Score("any", tuple(sorted(played, key=lambda note: (note.start_s, note.pitch))), ())
    description = load_rig(rig)
    goals = goals_of(score, description)
    try:
        fingering = choose_fingering(goals, description, REACHES[rig], load_parameters(rig))
    except UnreachableError as error:
        message = str(error)
    else:
        message = "any: at 0 s (pitch 0)"
        check(goals, fingering, description, REACHES[rig])
    assert message.startswith("any: ")
    assert " s (pitch " in message
    assert len(message.splitlines()) == 1


@every_rig
def test_a_held_note_keeps_its_finger(rig: str) -> None:
    held = Note(60, 0.0, 2.0, 64)
    melody = [Note(pitch, 0.4 * i + 0.2, 0.4 * i + 0.5, 64) for i, pitch in enumerate((62, 64, 62))]
    goals, fingering = fingering_of(Score("held", (held, *melody), ()), rig)
    check(goals, fingering, load_rig(rig), REACHES[rig])
    by_key = {press.key: finger for press, finger in fingering.finger.items()}
    assert by_key[60 - goals.lowest_pitch] < min(by_key[p - goals.lowest_pitch] for p in (62, 64))


@every_rig
def test_a_repeated_note_keeps_its_finger(rig: str) -> None:
    _, fingering = fingering_of(chord_score((64,), (64,), (64,), (64,)), rig)
    assert len(set(fingering.finger.values())) == 1


@every_rig
def test_chords_take_all_fingers_in_order(rig: str) -> None:
    goals, fingering = fingering_of(chord_score((60, 64, 67), (59, 62, 65)), rig)
    for chord in (goals.presses[:3], goals.presses[3:]):
        assert [fingering.finger[press] for press in chord] == [0, 1, 2]


@every_rig
def test_notes_side_by_side_take_fingers_side_by_side(rig: str) -> None:
    _, fingering = fingering_of(chord_score((60,), (64,), (67,)), rig)
    assert [finger for _, finger in sorted(fingering.finger.items(), key=str)] == [0, 1, 2]


@every_rig
def test_neighbouring_keys_one_after_the_other_take_neighbouring_fingers(rig: str) -> None:
    _, fingering = fingering_of(chord_score((60,), (62,), (64,)), rig)
    assert [fingering.finger[p] for p in sorted(fingering.finger, key=str)] == [0, 1, 2]


@every_rig
def test_no_finger_takes_a_key_over_from_another_without_rest(rig: str) -> None:
    _, fingering = fingering_of(load_song("twinkle_twinkle_little_star"), rig)
    for before, after in pairwise(sorted(fingering.finger, key=lambda press: press.start)):
        if before.key == after.key and after.start - before.end < REST_STEPS:
            assert fingering.finger[before] == fingering.finger[after]


@every_rig
def test_a_chord_leaves_room_for_the_fingers_between(rig: str) -> None:
    """A third is 47 mm wide: too narrow for a finger with wide links in the middle."""
    _, fingering = fingering_of(chord_score((60, 64)), rig)
    below, above = (fingering.finger[press] for press in sorted(fingering.finger, key=str))
    assert above - below == 1


@every_rig
def test_more_notes_than_fingers_are_refused_by_name(rig: str) -> None:
    with pytest.raises(UnreachableError) as caught:
        fingering_of(chord_score((60,), (60, 62, 64, 65)), rig)
    message = str(caught.value)
    assert "4 notes at once at 1.00 s (pitch 65)" in message
    assert "3 fingers" in message


@every_rig
def test_a_stretch_too_wide_names_all_its_notes(rig: str) -> None:
    with pytest.raises(UnreachableError, match="no posture reaches together") as caught:
        fingering_of(chord_score((60,), (40, 80)), rig)
    for place in ("1.00 s (pitch 40)", "1.00 s (pitch 80)"):
        assert place in str(caught.value)


@every_rig
def test_keys_that_no_finger_reaches_are_named(rig: str) -> None:
    description = load_rig(rig)
    reach = measure_reach(description, replace(load_parameters(rig), strike_x_black_m=-0.08))
    assert not np.isfinite(reach.low[:, 1]).any()
    score = chord_score((60,), (61,), (62,), (66,))
    with pytest.raises(UnreachableError, match="no finger reaches") as caught:
        fingering_of(score, rig, reach)
    assert "1.00 s (pitch 61), 2.00 s (pitch 66);" in str(caught.value)
    fingering_of(chord_score((60,), (62,)), rig, reach)  # white keys alone are fine


@every_rig
def test_a_finger_that_reaches_no_black_key_leaves_them_to_others(rig: str) -> None:
    low, high = REACHES[rig].low.copy(), REACHES[rig].high.copy()
    low[0, 1], high[0, 1] = np.inf, -np.inf
    reach = Reach(REACHES[rig].neutral_y, low, high)
    goals, fingering = fingering_of(chord_score((60,), (61,), (63,)), rig, reach)
    check(goals, fingering, load_rig(rig), reach)


@every_rig
def test_a_short_keyboard_of_rail_names_what_it_misses(rig: str) -> None:
    content = load_rig(rig).model_dump(by_alias=True)
    content["rail"]["range_m"] = (-0.02, 0.02)
    description = Rig.model_validate(content)
    goals = goals_of(chord_score((60,), (84,), (36,)), description)
    with pytest.raises(UnreachableError, match="no finger reaches") as caught:
        choose_fingering(goals, description, REACHES[rig], PlanParameters())
    assert "1.00 s (pitch 84), 1.50 s (pitch 36)" in str(caught.value)


def test_a_song_may_be_long() -> None:
    """Its costs add up, but no note of it is forbidden."""
    scale = load_song("c_major_scale")
    repeated = tuple(
        replace(note, start_s=note.start_s + 9.0 * i, end_s=note.end_s + 9.0 * i)
        for i in range(22)
        for note in scale.notes
    )
    goals, fingering = fingering_of(replace(scale, notes=repeated), "leap_rail_49")
    assert len(goals.presses) == 22 * len(scale.notes)
    check(goals, fingering, load_rig("leap_rail_49"), REACHES["leap_rail_49"])

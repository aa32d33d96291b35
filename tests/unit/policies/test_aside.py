"""Keys struck beside their middle: never so far that another sounds, and links have room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.planner import load_parameters
from policies.planner.aside import (
    AWAY_M,
    WAIT_M,
    aside_track,
    room_aside,
    strike_asides,
)
from policies.planner.fingering import choose_fingering
from policies.planner.parameters import sideways_gap
from policies.planner.reach import key_points, measure_reach
from score import Note, Press, Score
from sim import Simulator, build_model, load_rig
from tests.unit.playing import FOUR_SONGS, RIGS, goals_of, song_plan

every_rig = pytest.mark.parametrize("rig", RIGS)
OVERLAP_M = 0.002
"""By how much links of simulated fingers, which lag behind, come closer than they should."""


@every_rig
def test_a_tip_aside_touches_no_other_key(rig: str) -> None:
    description = load_rig(rig)
    keyboard, room = description.keyboard, room_aside(description)
    to_next = np.diff(keyboard.center_y[~keyboard.black]).min() - keyboard.white_shape.size[1] / 2
    assert 0.0 < room + description.hand.tip_radius_m < to_next
    assert room < keyboard.black_shape.size[1] / 2


@every_rig
@settings(max_examples=20, deadline=None)
@given(
    melody=st.lists(
        st.tuples(st.integers(55, 70), st.integers(2, 8), st.integers(0, 4)), min_size=2, max_size=8
    )
)
def test_successive_fingers_lean_away_from_each_other(
    rig: str, melody: list[tuple[int, int, int]]
) -> None:
    description, parameters, at = load_rig(rig), load_parameters(rig), 0.0
    notes = []
    for pitch, steps, rest in melody:
        notes.append(Note(pitch, at, at + steps * 0.05, 64))
        at += (steps + rest) * 0.05
    goals = goals_of(Score("melody", tuple(notes), ()), description)
    reach = measure_reach(description, parameters)
    finger = choose_fingering(goals, description, reach, parameters).finger
    points = key_points(description, parameters)
    asides = strike_asides(goals, finger, points, description, parameters)
    assert set(asides) == set(finger)
    for press, (struck, left) in asides.items():
        assert max(abs(struck), abs(left)) <= room_aside(description)
        alone = all(finger[press] == other for other in finger.values())
        assert not alone or struck == left == 0.0


def test_a_finger_slides_while_it_holds_and_is_farther_aside_in_the_air() -> None:
    presses = [Press(3, 2, 7), Press(5, 10, 11), Press(3, 11, 13)]
    asides = dict(zip(presses, [(0.002, -0.002), (0.001, 0.0), (0.0, -0.003)], strict=True))
    track = aside_track(presses, asides, 16)
    waits, leaves, last = 0.002 + WAIT_M, -0.002 - AWAY_M, -0.003 - AWAY_M
    np.testing.assert_allclose(track[[0, 1, 2, 4, 6, 7]], [0, waits, 0.002, 0, -0.002, leaves])
    np.testing.assert_allclose(track[9:14], [0.001 + WAIT_M, 0.001, 0.0, -0.003, last])
    assert track[15] == track[13]
    np.testing.assert_array_equal(aside_track([], {}, 4), np.zeros(4))


@every_rig
@pytest.mark.parametrize("song", FOUR_SONGS)
def test_links_have_room_while_a_song_is_played(rig: str, song: str) -> None:
    description = load_rig(rig)
    simulator, plan = Simulator(build_model(description)), song_plan(rig, song)
    parameters = load_parameters(rig)
    simulator.reset(plan.start)
    for targets in plan.targets:
        simulator.advance(targets)
        apart = np.diff(simulator.fingertips, axis=0)
        assert (apart[:, 1] > sideways_gap(apart[:, 0], parameters) - OVERLAP_M).all()

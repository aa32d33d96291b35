"""Sharing notes between hands, and fingers within one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from policies import UnreachableError
from policies.planner.pair import make_pair_plan
from policies.planner.pair.fingering import HandFingering
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.presses import WIDEST_KEYS, sounding, thin
from score import Goals, Note, Press
from sim.pair import PAIRS, load_pair
from sim.pair.playable import build_playable_pair
from sim.pair.rig import SIDES
from tests.unit.policies.pair_planning import (
    FIVE,
    PHRASE,
    books,
    hands,
    pair_goals,
    places,
    share,
    wandering,
)

every_song = pytest.mark.parametrize(("rig", "seed"), [(r, s) for r in PAIRS for s in range(3)])


def rows_of(goals: Goals) -> range:
    return range(goals.n_steps)


@every_song
def test_every_note_has_one_hand(rig: str, seed: int) -> None:
    """From its start to its end, which is early only where it could not be held on."""
    goals = pair_goals(wandering(seed))
    shared = share(rig, goals)
    struck = Counter((p.key, p.start) for side in SIDES for p in shared.hands[side])
    struck.update((p.key, p.start) for p in shared.left_out)
    assert struck == Counter((p.key, p.start) for p in goals.presses)
    ends = {(p.key, p.start): p.end for p in goals.presses}
    for press in (p for side in SIDES for p in shared.hands[side]):
        assert press.start < press.end <= ends[press.key, press.start]


@every_song
def test_hands_have_fingers_enough_and_do_not_cross(rig: str, seed: int) -> None:
    goals = pair_goals(wandering(seed))
    shared = share(rig, goals)
    for row in rows_of(goals):
        right, left = (sounding(shared.hands[side], row) for side in SIDES)
        assert max(len(right), len(left)) <= len(hands(rig)["right"].fingers)
        if right and left:
            assert left[-1].key < right[0].key


@every_song
def test_fingers_do_not_cross(rig: str, seed: int) -> None:
    goals = pair_goals(wandering(seed))
    shared = share(rig, goals)
    for side, hand in hands(rig).items():
        choose = HandFingering(hand, books(rig)[side], places(), PairPlanParameters())
        fingering = choose(shared.hands[side])
        assert {(p.key, p.start) for p in fingering.fingers} == {
            (p.key, p.start) for p in shared.hands[side]
        }
        assert fingering.rows == tuple(sorted({p.start for p in shared.hands[side]}))
        for row in rows_of(goals):
            chord = sounding(fingering.fingers, row)
            taken = [hand.upwards.index(fingering.fingers[press]) for press in chord]
            assert taken == sorted(set(taken))


def test_a_note_that_can_be_held_is_held() -> None:
    goals = pair_goals((Note(48, 0.0, 3.0, 64), *PHRASE[2:6]))
    shared = share(FIVE, goals)
    assert {p for side in SIDES for p in shared.hands[side]} == set(goals.presses)


def test_outer_notes_stay() -> None:
    chord = [Press(key, 0, 4) for key in range(30, 43)]
    kept, left_out = thin(chord, 5)
    assert len(kept) == 10
    assert {30, 42} <= {press.key for press in kept}
    assert {press.key for press in left_out} <= set(range(34, 39))


def test_what_two_hands_cannot_span_is_left_out() -> None:
    far = [Press(key, 0, 4) for key in (10, 10 + WIDEST_KEYS + 1, 87)]
    kept, left_out = thin(far, 5)
    assert [press.key for press in kept] == [10, 87]
    assert [press.key for press in left_out] == [10 + WIDEST_KEYS + 1]


@pytest.mark.parametrize(("fingers", "seed"), list(product((4, 5), range(5))))
def test_what_is_kept_is_never_too_much(fingers: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    presses = [
        Press(key, start, start + int(rng.integers(1, 30)))
        for key, start in zip(
            rng.permutation(88)[:60].tolist(), sorted(rng.integers(0, 60, 60)), strict=True
        )
    ]
    kept, left_out = thin(presses, fingers)
    assert Counter([*kept, *left_out]) == Counter(presses)
    assert all(len(sounding(kept, row)) <= 2 * fingers for row in range(90))


def test_hands_that_reach_nothing_are_refused() -> None:
    rig = load_pair(FIVE)
    high = {side: (*rig.forearm_m(side)[:2], 0.6) for side in SIDES}
    rig = rig.model_copy(update={f"forearm_{side}_m": place for side, place in high.items()})
    with pytest.raises(UnreachableError, match="neither hand reaches any of its notes"):
        make_pair_plan(pair_goals(PHRASE), build_playable_pair(rig))


def test_other_costs_choose_other_fingers() -> None:
    goals = pair_goals(PHRASE)
    hand, shared = hands(FIVE)["right"], share(FIVE, goals).hands["right"]
    free = replace(PairPlanParameters().fingers, same=0.0, crossing=0.0)
    usual, careless = (
        HandFingering(hand, books(FIVE)["right"], places(), parameters)(shared)
        for parameters in (PairPlanParameters(), PairPlanParameters(fingers=free))
    )
    assert usual.fingers != careless.fingers

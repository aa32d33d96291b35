"""What tests of the planner for two hands share: scores, and the planner's parts, made once."""

from __future__ import annotations

from functools import cache

import numpy as np

from policies.planner.pair import PairPlan, make_pair_plan
from policies.planner.pair.grips import GripBook
from policies.planner.pair.kinematics import HandKinematics
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from policies.planner.pair.share import Share, Sharing
from score import Goals, Note, Score, make_goals
from sim.pair.rig import SIDES
from tests.unit.playing import nominal_pair

FIVE, FOUR = "shadow_pair_88", "shadow_pair_88_four_fingers"

PHRASE = tuple(
    Note(pitch, 0.6 * index, 0.6 * index + 0.5, 64)
    for index, chord in enumerate(
        ((48, 64), (43, 67), (45, 60, 65), (48, 64), (41, 69), (43, 67), (48, 64, 67), (48, 60))
    )
    for pitch in chord
)
"""Five seconds for two hands."""


def pair_goals(notes: tuple[Note, ...]) -> Goals:
    return make_goals(Score("phrase", notes, ()), 21, 88)


@cache
def planned(rig: str) -> PairPlan:
    return make_pair_plan(pair_goals(PHRASE), nominal_pair(rig))


@cache
def hands(rig: str) -> dict[str, HandKinematics]:
    return {side: HandKinematics(nominal_pair(rig), side) for side in SIDES}


@cache
def places() -> KeyPlaces:
    return KeyPlaces(nominal_pair(FIVE).keyboard, PairPlanParameters())


@cache
def books(rig: str) -> dict[str, GripBook]:
    """They learn more from test to test, which changes no answer."""
    return {s: GripBook(hand, places(), PairPlanParameters()) for s, hand in hands(rig).items()}


def share(rig: str, goals: Goals) -> Share:
    return Sharing(hands(rig), books(rig), places(), PairPlanParameters())(goals)


def wandering(seed: int) -> tuple[Note, ...]:
    """Thirty notes of any length anywhere in three octaves, as many at once as chance has it."""
    rng = np.random.default_rng(seed)
    pitches, starts = rng.permutation(np.arange(45, 81))[:30], np.sort(rng.uniform(0, 5, 30))
    lengths = rng.choice([0.15, 0.4, 1.0, 2.5], 30)
    return tuple(
        Note(int(pitch), float(start), float(start + length), 64)
        for pitch, start, length in zip(pitches, starts, lengths, strict=True)
    )

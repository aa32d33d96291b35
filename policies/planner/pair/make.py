"""The planner for two hands: share notes, choose fingers, find a motion, rehearse it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.aims import TipAims, playing_aims
from policies.planner.pair.changes import Fingers
from policies.planner.pair.controller import Controller
from policies.planner.pair.fingering import Fingering, HandFingering
from policies.planner.pair.grips import GripBook
from policies.planner.pair.kinematics import HandKinematics
from policies.planner.pair.misfit import Misfit
from policies.planner.pair.motion import MotionOptimiser
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from policies.planner.pair.posture import Posture, posture_of
from policies.planner.pair.rehearsal import OnProgress, Rehearsing
from policies.planner.pair.schedule import Schedule
from policies.planner.pair.share import Sharing
from policies.planner.pair.ways import draw_ways
from policies.planner.plan import Plan
from score import Goals, Press
from sim import PlayablePair
from sim.pair.rig import SIDES

Floats = NDArray[np.float64]

_BESIDE_M = 0.20
"""How far a hand with nothing to do keeps its forearm from wherever the other one's goes."""


@dataclass(frozen=True)
class PairPlan:
    """A planned song and how it came about.

    Attributes:
        plan: the plan.
        fingers: finger of each press by side; some end early, where they cannot be held on.
        left_out: presses that no hand plays, because too many or too distant ones sound at once.
        frame_f1: what the rehearsal scored; the plan scores the same.
    """

    plan: Plan
    fingers: Mapping[str, Fingers]
    left_out: tuple[Press, ...]
    frame_f1: float


@dataclass(frozen=True)
class Prepared:
    """A song that was thought through, but not played.

    Attributes:
        start: posture before the song, shape ``(n,)`` [rad, m for slides].
        fingers: as in ``PairPlan``.
        left_out: as in ``PairPlan``.
        controllers: play it from wherever the hands are, each in another way.
    """

    start: Floats
    fingers: Mapping[str, Fingers]
    left_out: tuple[Press, ...]
    controllers: tuple[Controller, ...]


def make_pair_plan(
    goals: Goals,
    model: PlayablePair,
    parameters: PairPlanParameters | None = None,
    on_progress: OnProgress = lambda share: None,
) -> PairPlan:
    """Plan a song for two hands; with chords of four, about a minute for half a minute of song.

    Raises:
        UnreachableError: neither hand reaches any note.
    """
    on_progress(0.0)
    prepared = prepare(goals, model, parameters or PairPlanParameters())
    rehearsal = Rehearsing(goals, model, prepared.controllers)(prepared.start, on_progress)
    plan = Plan(model.rig.name, model.joint_names, rehearsal.references, rehearsal.targets)
    return PairPlan(plan, prepared.fingers, prepared.left_out, rehearsal.frame_f1)


def prepare(goals: Goals, model: PlayablePair, parameters: PairPlanParameters) -> Prepared:
    """Share notes, choose fingers and find a motion; the hands do not move yet.

    Raises:
        UnreachableError: neither hand reaches any note.
    """
    hands = {side: HandKinematics(model, side) for side in SIDES}
    places = KeyPlaces(model.keyboard, parameters)
    books = {side: GripBook(hand, places, parameters) for side, hand in hands.items()}
    share = Sharing(hands, books, places, parameters)(goals)
    fingerings = {
        side: HandFingering(hand, books[side], places, parameters)(share.hands[side])
        for side, hand in hands.items()
    }
    fingers = {side: fingering.fingers for side, fingering in fingerings.items()}
    motion = _motion(goals, model, hands, fingerings, places=places, parameters=parameters)
    tips = {side: hand.tips(motion[:, hand.columns]) for side, hand in hands.items()}
    schedule = Schedule.of(fingers, tips, places, parameters.rehearsal.give_up_m)
    controllers = tuple(
        Controller(model, hands, places, schedule=schedule, planned=motion, parameters=way)
        for way in draw_ways(parameters)
    )
    return Prepared(np.append(motion[0], 0.0), fingers, share.left_out, controllers)


def _motion(
    goals: Goals,
    model: PlayablePair,
    hands: Mapping[str, HandKinematics],
    fingerings: Mapping[str, Fingering],
    *,
    places: KeyPlaces,
    parameters: PairPlanParameters,
) -> Floats:
    """Joint positions of both hands at each step, shape ``(T, n)``, the pedal left out."""
    postures = [posture_of(hands[side], parameters) for side in SIDES]
    both = Posture(*(np.concatenate(parts) for parts in zip(*map(_fields, postures), strict=True)))
    aims: list[TipAims] = []
    first = np.tile(both.rest, (goals.n_steps, 1))
    forearms = _forearms(goals.n_steps, hands, fingerings)
    for side in SIDES:
        hand, fingers = hands[side], fingerings[side].fingers
        aims.append(playing_aims(fingers, goals.n_steps, len(hand.fingers), places, parameters))
        across = (forearms[side] - hand.home_y) / hand.across_y
        first[:, hand.columns.start + hand.across] = across
    first = np.clip(first, model.joint_low[:-1], model.joint_high[:-1])
    misfit = Misfit(hands, model.keyboard, parameters)
    optimiser = MotionOptimiser(
        misfit, both, model.joint_low[:-1], model.joint_high[:-1], parameters.posture_weight
    )
    return optimiser(first, aims, parameters.iterations).joints


def _fields(posture: Posture) -> tuple[Floats, Floats, Floats, Floats]:
    return posture.rest, posture.spread, posture.acceleration, posture.speed


def _forearms(
    steps: int, hands: Mapping[str, HandKinematics], fingerings: Mapping[str, Fingering]
) -> dict[str, Floats]:
    """Where the forearms are to begin with, shape ``(T,)`` each; an idle one keeps clear [m]."""
    ways = {
        side: np.interp(np.arange(steps), fingering.rows, fingering.forearm_y)
        for side, fingering in fingerings.items()
        if fingering.rows
    }
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        if side not in ways:
            others = [sign * way for way in ways.values()]
            clear = max((float(way.max()) + _BESIDE_M for way in others), default=-np.inf)
            home = sign * hands[side].home_y
            ways[side] = np.full(steps, sign * max(home, clear))
    return ways

"""What tests of the simulator and of policies share: rigs, goals and plans, made once."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from policies import Plan, make_plan
from score import Goals, Note, Score, load_song, make_goals
from sim import PlayablePair, Rig, RigModel, build_model, by_kind, load_rig, rig_names
from sim.pair import load_pair
from sim.pair.playable import build_playable_pair

RIGS = rig_names()
FOUR_SONGS = ("are_you_sleeping", "happy_birthday", "ode_to_joy", "twinkle_twinkle_little_star")

Floats = NDArray[np.float64]


@cache
def nominal_model(rig: str) -> RigModel:
    """A compiled rig that no test may change."""
    return build_model(load_rig(rig))


def goals_of(score: Score, rig: Rig) -> Goals:
    return make_goals(score, rig.keyboard.lowest_pitch, rig.keyboard.n_keys)


@cache
def song_goals(rig: str, song: str) -> Goals:
    return goals_of(load_song(song), load_rig(rig))


@cache
def song_plan(rig: str, song: str) -> Plan:
    return make_plan(song_goals(rig, song), nominal_model(rig))


@cache
def nominal_pair(rig: str) -> PlayablePair:
    """Two compiled hands that no test may change."""
    return build_playable_pair(load_pair(rig))


def fumbling(model: PlayablePair, steps: int, n: int) -> Floats:
    """Targets of ``n`` pairs of hands that wander over the keys, shape ``(steps, n, actions)``."""
    rng, half = np.random.default_rng(5), by_kind(model.joint_names, slide=0.05, hinge=0.8, pedal=1)
    knots = rng.uniform(-1.0, 1.0, (steps // 6 + 2, n, model.n_joints)) * half
    at = np.arange(steps) / 6
    before = at.astype(int)
    share = (at - before)[:, None, None]
    wander = (1 - share) * knots[before] + share * knots[before + 1]
    return np.asarray(np.clip(wander, model.joint_low, model.joint_high))


def chord_score(*chords: tuple[int, ...], length_s: float = 0.4) -> Score:
    """Chords one after another, given by their pitches."""
    notes = [
        Note(pitch, index * 0.5, index * 0.5 + length_s, 64)
        for index, chord in enumerate(chords)
        for pitch in chord
    ]
    return Score("chords", tuple(notes), ())


def random_targets(model: RigModel, steps: int, seed: int, reach: float = 0.5) -> Floats:
    """Joint targets that wander over part of the joint range, shape ``(steps, n)``."""
    rng = np.random.default_rng(seed)
    middle = 0.5 * (model.joint_low + model.joint_high)
    half = reach * 0.5 * (model.joint_high - model.joint_low)
    knots = rng.uniform(-1.0, 1.0, (steps // 5 + 2, model.n_joints))
    wander = [np.interp(np.arange(steps) / 5, np.arange(len(knots)), column) for column in knots.T]
    return np.asarray(middle + half * np.stack(wander, axis=-1))

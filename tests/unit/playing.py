"""What tests of the simulator and of policies share: rigs, goals and plans, made once."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from policies import Plan, make_plan
from score import Goals, Note, Score, load_song, make_goals
from sim import Rig, RigModel, build_model, load_rig, rig_names

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

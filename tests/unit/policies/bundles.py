"""A short song, and bundles for it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from policies import make_plan
from policies.bundle import Bundle, untrained_bundle
from score import Goals, Note, Score, make_goals
from sim import RigModel, build_model, load_rig

RIG = "leap_rail_49"


@cache
def model_of(rig: str = RIG) -> RigModel:
    return build_model(load_rig(rig))


def goals_of(name: str = "three", pitches: tuple[int, ...] = (60, 62, 64)) -> Goals:
    keyboard = model_of().rig.keyboard
    notes = tuple(Note(p, 0.5 * i, 0.5 * i + 0.4) for i, p in enumerate(pitches))
    return make_goals(Score(name, notes), keyboard.lowest_pitch, keyboard.n_keys)


@cache
def small_bundle() -> Bundle:
    """Untrained, of two small hidden layers, with what training adds."""
    goals = goals_of()
    bundle = untrained_bundle(model_of(), goals, make_plan(goals, model_of()), (8, 6), seed=3)
    rng = np.random.default_rng(0)
    kernel, bias = bundle.layers[-1]
    size = bundle.mean.size
    return replace(
        bundle,
        mean=rng.normal(size=size).astype(np.float32),
        std=rng.uniform(0.1, 2.0, size).astype(np.float32),
        layers=(*bundle.layers[:-1], (50 * kernel, bias + np.float32(0.1))),
        physics={"command_delay_s": 0.02},
        training={"algorithm": "residual-ppo", "widths": [8, 6]},
        scores={"frame_f1": 0.99},
    )

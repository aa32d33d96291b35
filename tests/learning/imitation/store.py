"""A tiny dataset of real rollouts, and a split of its songs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from policies.dataset.chunk_store import ARRAYS
from policies.dataset.rollouts import Rollout
from policies.dataset.store import SCHEMA, make_store
from score.robopianist import load_goals
from sim.pair import PairEnvironment, PairModel, flat

TRAINED = ("hot_cross_buns", "c_major_scale")
SPLIT = """\
schema: 1
easy_at_most: {mean_keys: 2.0, onsets_per_s: 4.0, span_keys: 2.0}
train: [hot_cross_buns, c_major_scale]
easy: []
hard: []
"""
STEPS, ROLLOUTS, STRETCH = 12, 2, 1.25


def write_store(path: Path, model: PairModel, rig_hash: str | None = None) -> None:
    """Rollouts of small random motions, one group for each song."""
    attributes = {
        "schema": SCHEMA,
        "rig": model.rig.name,
        "rig_sha256": rig_hash or model.rig.hash,
        "stretch": STRETCH,
    }
    store = make_store(path, attributes)
    for index, song in enumerate(TRAINED):
        arrays = rollouts(model, song, index)
        shapes = {name: arrays[name].shape for name in ARRAYS}
        chunk = store.open_chunk(song, {"song": song}, shapes)
        for rollout in range(ROLLOUTS):
            content = {name: arrays[name][rollout].astype(np.float32) for name in ARRAYS}
            chunk.write(rollout, Rollout(content, 0.5))


def rollouts(model: PairModel, song: str, seed: int) -> dict[str, np.ndarray]:
    """Arrays of one group."""
    rng, goals = np.random.default_rng(seed), load_goals(song, stretch=STRETCH)
    observations, wanted, actions = [], [], []
    for _ in range(ROLLOUTS):
        environment = PairEnvironment(model, goals)
        step = environment.reset()
        for _ in range(STEPS):
            middle = np.clip(0.0, model.action_low, model.action_high)
            width = model.action_high - model.action_low
            target = middle + 0.05 * width * rng.standard_normal(width.size)
            action = target + 0.01 * width * rng.standard_normal(width.size)
            action = np.clip(action, model.action_low, model.action_high)
            observations.append(flat(step.observation))
            wanted.append(np.clip(target, model.action_low, model.action_high))
            actions.append(action)
            step = environment.step(action)
    seen = np.reshape(observations, (ROLLOUTS, STEPS, -1))
    goal, piano, tips, joints = np.split(seen, np.cumsum([979, 89, 30]), axis=2)
    due = np.concatenate([goal[..., :88], goal[..., 968:969]], axis=-1)
    return {
        "actions": np.reshape(actions, (ROLLOUTS, STEPS, -1)),
        "wanted_actions": np.reshape(wanted, (ROLLOUTS, STEPS, -1)),
        "goals": due,
        "piano_states": piano,
        "hand_fingertips": tips,
        "hand_joints": joints,
        "keys_sounding": np.zeros_like(piano[..., :88]),
    }

"""A tiny dataset of real rollouts, and a split of its songs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import zarr

from score.robopianist import load_goals
from sim.pair import PairEnvironment, PairModel, flat

TRAINED = ("hot_cross_buns", "c_major_scale")
SPLIT = """\
schema: 1
easy_at_most: {mean_keys: 2.0, onsets_per_s: 4.0}
train: [hot_cross_buns, c_major_scale]
easy: []
hard: []
"""
STEPS, ROLLOUTS = 12, 2


def write_store(path: Path, model: PairModel, rig_hash: str | None = None) -> None:
    """Rollouts of small random motions, one group for each song."""
    root = zarr.open_group(str(path), mode="w", zarr_format=2)
    root.attrs.update(
        {"rig": model.rig.name, "rig_sha256": rig_hash or model.rig.hash, "schema": 1}
    )
    for index, song in enumerate(TRAINED):
        group = root.create_group(song)
        arrays = rollouts(model, song, index)
        for name, content in arrays.items():
            array = group.create_array(
                name, shape=content.shape, dtype="float32", chunks=(1, *content.shape[1:])
            )
            array[:] = content


def rollouts(model: PairModel, song: str, seed: int) -> dict[str, np.ndarray]:
    """Arrays of one group."""
    rng, goals = np.random.default_rng(seed), load_goals(song)
    observations, actions = [], []
    for _ in range(ROLLOUTS):
        environment = PairEnvironment(model, goals)
        step = environment.reset()
        for _ in range(STEPS):
            middle = np.clip(0.0, model.action_low, model.action_high)
            width = model.action_high - model.action_low
            action = middle + 0.05 * width * rng.standard_normal(width.size)
            action = np.clip(action, model.action_low, model.action_high)
            observations.append(flat(step.observation))
            actions.append(action)
            step = environment.step(action)
    seen = np.reshape(observations, (ROLLOUTS, STEPS, -1))
    goal, piano, tips, joints = np.split(seen, np.cumsum([979, 89, 30]), axis=2)
    due = np.concatenate([goal[..., :88], goal[..., 968:969]], axis=-1)
    return {
        "f1": np.array([0.5] * ROLLOUTS),
        "actions": np.reshape(actions, (ROLLOUTS, STEPS, -1)),
        "goals": due,
        "piano_states": piano,
        "hand_fingertips": tips,
        "hand_joints": joints,
    }

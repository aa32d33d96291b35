"""Rollouts of a dataset, as learners want them (docs/imitation.md)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from policies.errors import DatasetError
from score import LOOKAHEAD, Goals
from score.corpus import score_name
from score.robopianist import Rolls, goals_of_rolls
from sim.pair import PairModel

if TYPE_CHECKING:
    from policies.dataset import ChunkStore

Floats = NDArray[np.float32]
GOALS, STATES = "goals", ("piano_states", "hand_fingertips", "hand_joints")
ACTIONS = "wanted_actions"
"""Without the noise that the executed ones have: that must not be learned."""


@dataclass(frozen=True, eq=False)
class Rollouts:
    """Recorded episodes of one song.

    Attributes:
        song: its name.
        piece: the song that it is a chunk of.
        goals: keys and pedal due in every rollout, shape ``(steps, 979)``; zeros and ones.
        states: keys, pedal, fingertips, joints, shape ``(rollouts, steps, 165)``.
        actions: servo targets and pedal that the player wanted, shape ``(rollouts, steps, 39)``
            [rad, m, 1].
    """

    song: str
    piece: str
    goals: NDArray[np.int8]
    states: Floats
    actions: Floats

    def song_goals(self) -> Goals:
        """The song, as the first row of every step's goal tells it."""
        due = self.goals.astype(np.bool_)
        n_keys = due.shape[1] // (LOOKAHEAD + 1) - 1
        return goals_of_rolls(self.song, Rolls(due[:, :n_keys], due[:, (LOOKAHEAD + 1) * n_keys]))

    def start(self, model: PairModel) -> NDArray[np.float64]:
        """Joint positions at the beginning, mean over rollouts, shape ``(n_joints,)`` [rad, m]."""
        joints = self.states[:, 0, -len(model.joint_names) :]
        return np.asarray(joints.mean(axis=0), np.float64)


def read_dataset(path: Path, model: PairModel, songs: Sequence[str]) -> dict[str, Rollouts]:
    """Read the rollouts of some songs into memory, about 0.8 kB a control step.

    Songs that the dataset lacks are left out: whoever needs one says so.

    Args:
        path: of the store.
        model: the rig it must be of.
        songs: each as the dataset's group is called, or, if it is one chunk, as the song is.

    Returns:
        Rollouts by the names given.

    Raises:
        DatasetError: no store, one of another rig, one that is damaged or cut off, or a song in
            several chunks.
    """
    from policies.dataset import open_store  # Zarr, which playing does without  # noqa: PLC0415

    store = open_store(path)
    _check_rig(path, store.attributes, model)
    wanted: dict[str, ChunkStore] = {}
    for chunk in store.chunks():
        song = _called(chunk, songs)
        if song in wanted:
            raise DatasetError(f"{path}: {song!r} is in several chunks: name {chunk.name!r} or so")
        if song is not None:
            wanted[song] = chunk
    return {song: _read(path, chunk, model) for song, chunk in wanted.items()}


def dataset_stretch(path: Path) -> float:
    """The factor of all times that a dataset was built with; 1 where it does not say.

    Raises:
        DatasetError: no store, or it says something else.
    """
    from policies.dataset import open_store  # noqa: PLC0415

    stretch = open_store(path).attributes.get("stretch", 1.0)
    if not isinstance(stretch, float | int) or not 0.0 < stretch < math.inf:
        raise DatasetError(f"{path}: its stretch is {stretch!r}: bring its .zattrs back")
    return float(stretch)


def dataset_digest(path: Path) -> str:
    """SHA-256 of what a dataset holds: its chunks, what is due in each, F1 of every rollout.

    Raises:
        DatasetError: no store, or a damaged one.
    """
    from policies.dataset import open_store  # noqa: PLC0415

    digest = hashlib.sha256()
    for chunk in open_store(path).chunks():
        f1 = chunk.f1()
        digest.update(f"{chunk.name} {chunk.group.attrs.get('goals_sha256')} {f1.size}\n".encode())
        digest.update(f1.tobytes())
    return digest.hexdigest()


def _called(chunk: ChunkStore, songs: Sequence[str]) -> str | None:
    """What a chunk is called among some songs, if it is there: as its group or its whole song."""
    if chunk.name in songs:
        return chunk.name
    of_song = chunk.group.attrs["song"]
    return next((song for song in songs if score_name(song) == of_song), None)


def _check_rig(path: Path, attributes: Mapping[str, object], model: PairModel) -> None:
    if attributes.get("rig") != model.rig.name:
        raise DatasetError(
            f"{path}: recorded on rig {attributes.get('rig')!r}, not {model.rig.name!r}"
        )
    if attributes.get("rig_sha256") != model.rig.hash:
        raise DatasetError(
            f"{path}: rig {model.rig.name!r} is not as it was when this was recorded: record anew"
        )


def _read(path: Path, chunk: ChunkStore, model: PairModel) -> Rollouts:
    done = chunk.done()
    if not done:
        raise DatasetError(f"{path}: {chunk.name} has no finished rollout: build it on")
    sizes = _sizes(model)
    states = [_array(path, chunk, name, done, sizes[name]) for name in STATES]
    actions = _array(path, chunk, ACTIONS, done, len(model.action_names))
    due = _due(path, chunk, done, model.n_keys + 1)
    piece = str(chunk.group.attrs["song"])
    return Rollouts(chunk.name, piece, _lookahead(due), np.concatenate(states, axis=-1), actions)


def _due(path: Path, chunk: ChunkStore, done: Sequence[int], size: int) -> NDArray[np.int8]:
    """What is due at each step, the same for all rollouts, shape ``(steps, size)``."""
    due = _array(path, chunk, GOALS, done[:1], size)[0]
    if not all(np.array_equal(due, chunk.read(GOALS, index)) for index in done[1:]):
        raise DatasetError(
            f"{path}: {chunk.name}/{GOALS} differ between rollouts: build that chunk again"
        )
    return due.astype(np.int8)


def _sizes(model: PairModel) -> dict[str, int]:
    """Width of each array of a state."""
    return {
        "piano_states": model.n_keys + 1,
        "hand_fingertips": 3 * len(model.fingertip_sites),
        "hand_joints": len(model.joint_names),
    }


def _array(path: Path, chunk: ChunkStore, name: str, done: Sequence[int], size: int) -> Floats:
    content = np.stack([chunk.read(name, index) for index in done])
    if content.shape != (len(done), chunk.n_steps, size):
        raise DatasetError(
            f"{path}: {chunk.name}/{name} has the shape {content.shape}, not "
            f"{(len(done), chunk.n_steps, size)}"
        )
    if not np.isfinite(content).all():
        raise DatasetError(f"{path}: {chunk.name}/{name} holds a number that is not finite")
    return content


def _lookahead(due: NDArray[np.int8]) -> NDArray[np.int8]:
    """What is due at each step as an observation tells it: eleven rows of keys, then of pedals."""
    steps = len(due)
    padded = np.pad(due, ((0, LOOKAHEAD), (0, 0)))
    rows = np.stack([padded[ahead : ahead + steps] for ahead in range(LOOKAHEAD + 1)], axis=1)
    return np.concatenate([rows[..., :-1].reshape(steps, -1), rows[..., -1]], axis=-1)

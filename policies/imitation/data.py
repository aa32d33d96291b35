"""Reading a dataset: the one place that knows its layout (docs/imitation.md).

A Zarr store with one group for each song or part of one; arrays lead with rollouts, then
control steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.imitation.errors import DatasetError
from score import LOOKAHEAD, Goals
from score.robopianist import Rolls, goals_of_rolls
from sim.pair import PairModel

Floats = NDArray[np.float32]
GOALS, STATES = "goals", ("piano_states", "hand_fingertips", "hand_joints")
_BROKEN = (OSError, ValueError, LookupError, TypeError, RuntimeError, AttributeError)
"""What reading a damaged store may raise."""


@dataclass(frozen=True, eq=False)
class Rollouts:
    """Recorded episodes of one song.

    Attributes:
        song: its name.
        goals: keys and pedal due, shape ``(rollouts, steps, 979)``; zeros and ones.
        states: keys, pedal, fingertips, joints, shape ``(rollouts, steps, 165)``.
        actions: servo targets and pedal, shape ``(rollouts, steps, 39)`` [rad, m, 1].
    """

    song: str
    goals: NDArray[np.int8]
    states: Floats
    actions: Floats

    def song_goals(self) -> Goals:
        """The song, as the first row of every step's goal tells it."""
        due = self.goals[0].astype(np.bool_)
        n_keys = due.shape[1] // (LOOKAHEAD + 1) - 1
        return goals_of_rolls(self.song, Rolls(due[:, :n_keys], due[:, (LOOKAHEAD + 1) * n_keys]))


def read_dataset(path: Path, model: PairModel, songs: Sequence[str]) -> dict[str, Rollouts]:
    """Read the rollouts of some songs into memory, about 2 kB a control step.

    Songs that the dataset lacks are left out: whoever needs one says so.

    Raises:
        DatasetError: no store, one of another rig, or one that is damaged or cut off.
    """
    import zarr  # of the extra ``dataset``  # noqa: PLC0415

    try:
        root: Any = zarr.open(str(path), mode="r")
        groups = dict(root.groups())
        attributes = dict(root.attrs)
    except _BROKEN as error:
        raise DatasetError(f"{path}: no dataset ({_reason(error)})") from error
    _check_rig(path, attributes, model)
    return {song: _read(path, song, groups[song], model) for song in songs if song in groups}


def _check_rig(path: Path, attributes: Mapping[str, object], model: PairModel) -> None:
    if attributes.get("rig") != model.rig.name:
        raise DatasetError(
            f"{path}: recorded on rig {attributes.get('rig')!r}, not {model.rig.name!r}"
        )
    if attributes.get("rig_sha256") != model.rig.hash:
        raise DatasetError(
            f"{path}: rig {model.rig.name!r} is not as it was when this was recorded: record anew"
        )


def _read(path: Path, song: str, group: Any, model: PairModel) -> Rollouts:  # noqa: ANN401
    sizes = _sizes(model)
    done = np.isfinite(_content(path, song, group, "f1"))
    if not done.any():
        raise DatasetError(f"{path}: {song} has no finished rollout: go on building the dataset")
    arrays = {name: _array(path, song, group, name, size)[done] for name, size in sizes.items()}
    for name in ("actions", GOALS, "hand_fingertips", "hand_joints"):  # a lost file reads as zeros
        if not arrays[name].any(axis=(1, 2)).all():
            raise DatasetError(f"{path}: {song}/{name} is cut off: a rollout of it is missing")
    lengths = {array.shape[:2] for array in arrays.values()}
    if len(lengths) != 1:
        raise DatasetError(f"{path}: {song}: its arrays hold different numbers of steps")
    states = np.concatenate([arrays[name] for name in STATES], axis=-1)
    goals = _lookahead(arrays[GOALS].astype(np.int8))
    return Rollouts(song, goals, states, arrays["actions"])


def _sizes(model: PairModel) -> dict[str, int]:
    """Width of each array."""
    return {
        "actions": len(model.action_names),
        GOALS: model.n_keys + 1,
        "piano_states": model.n_keys + 1,
        "hand_fingertips": 3 * len(model.fingertip_sites),
        "hand_joints": len(model.joint_names),
    }


def _array(path: Path, song: str, group: Any, name: str, size: int) -> Floats:  # noqa: ANN401
    content = _content(path, song, group, name)
    if content.ndim != 3 or content.shape[2] != size or not content.size:
        raise DatasetError(
            f"{path}: {song}/{name} has the shape {content.shape}, not (rollouts, steps, {size})"
        )
    if not np.isfinite(content).all():
        raise DatasetError(f"{path}: {song}/{name} holds a number that is not finite")
    return content


def _content(path: Path, song: str, group: Any, name: str) -> Floats:  # noqa: ANN401
    try:
        return np.asarray(group[name][:], np.float32)
    except _BROKEN as error:
        raise DatasetError(f"{path}: {song}/{name} cannot be read ({_reason(error)})") from error


def _lookahead(due: NDArray[np.int8]) -> NDArray[np.int8]:
    """What is due at each step as an observation tells it: eleven rows of keys, then of pedals."""
    steps = due.shape[1]
    padded = np.pad(due, ((0, 0), (0, LOOKAHEAD), (0, 0)))
    rows = np.stack([padded[:, ahead : ahead + steps] for ahead in range(LOOKAHEAD + 1)], axis=2)
    keys = rows[..., :-1].reshape(*due.shape[:2], -1)
    return np.concatenate([keys, rows[..., -1]], axis=-1)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__

"""Who plays the rollouts of a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from policies.errors import DatasetError
from score import Goals
from sim.pair import load_pair
from sim.pair.environment import Observation
from sim.pair.model import build_pair


class Player(Protocol):
    """Plays one chunk, again and again."""

    def reset(self, rng: np.random.Generator) -> None:
        """Begin a rollout; whatever is random in it comes from ``rng``."""

    def act(self, observation: Observation, step: int) -> NDArray[np.float64]:
        """Servo targets of a control step, shape ``(n_actions,)`` [rad, m, 1].

        Args:
            observation: of ``PairEnvironment`` before the step.
            step: control step in the chunk, from 0.
        """


MakePlayer: TypeAlias = Callable[[Goals, str, Path | None], Player]
"""Makes a player for a chunk's goals, a rig by name or file, and what ``--policy`` gives.

Must be a function of a module, since workers are sent it by name.
"""


class OpenLoop:
    """Plays given targets whatever happens."""

    def __init__(self, targets: NDArray[np.float64]) -> None:
        """Take the targets, shape ``(n_steps, n_actions)`` [rad, m, 1]."""
        self._targets = targets

    def reset(self, rng: np.random.Generator) -> None:
        """Nothing is random here."""

    def act(self, observation: Observation, step: int) -> NDArray[np.float64]:
        """The targets of this control step."""
        return self._targets[step]


def open_loop(goals: Goals, rig: str, given: Path | None) -> OpenLoop:
    """A player of recorded targets.

    Args:
        goals: of the chunk.
        rig: name or file of a rig of two hands.
        given: an ``.npz`` with ``targets``, shape ``(n_steps, n_actions)``, or a folder with one
            such file for each chunk, named as it.

    Raises:
        DatasetError: there is no such file, or its targets do not fit the chunk and the rig.
        RigError: no such rig.
    """
    if given is None:
        raise DatasetError(f"{goals.name}: nobody to play it: give its targets with --policy")
    path = given / f"{goals.name}.npz" if given.is_dir() else given
    targets = _read_targets(path)
    model = build_pair(load_pair(rig))
    wanted = goals.n_steps, len(model.action_names)
    if targets.shape != wanted:
        raise DatasetError(f"{path}: targets of shape {targets.shape}, {goals.name} has {wanted}")
    if not np.isfinite(targets).all():
        raise DatasetError(f"{path}: its targets are not all finite: record them again")
    return OpenLoop(targets)


def given_digest(given: Path | None, chunk: str) -> str:
    """SHA-256 of the files that are given for a chunk, so that no two policies get mixed.

    Args:
        given: a file for all chunks, or a folder with files named as each chunk.
        chunk: its name.
    """
    if given is None:
        return ""
    paths = sorted(given.glob(f"{chunk}.*")) if given.is_dir() else [given]
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _read_targets(path: Path) -> NDArray[np.float64]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return np.asarray(file["targets"], np.float64)
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such file: give the targets of every chunk") from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise DatasetError(f"{path}: not an .npz file with 'targets': record it again") from error

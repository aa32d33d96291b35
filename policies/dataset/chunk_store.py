"""The rollouts of one chunk in a dataset: a Zarr group."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import EllipsisType
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from policies.dataset.rollouts import Rollout
from policies.errors import DatasetError

ARRAYS = (
    "actions",
    "wanted_actions",
    "goals",
    "piano_states",
    "hand_joints",
    "hand_fingertips",
    "keys_sounding",
)
"""All of shape ``(rollouts, n_steps, ...)``; F1 lies beside them, shape ``(rollouts,)``."""

F1 = "f1"

Shapes = Mapping[str, tuple[int, ...]]

UNREADABLE = (
    *(FileNotFoundError, IsADirectoryError, NotADirectoryError),
    *(RuntimeError, ValueError, KeyError, IndexError, TypeError),
)
"""What Zarr raises over files that are cut off, damaged, or of other shapes than each other.

Any other ``OSError`` (no permission, a disk that fails) is no reason to delete what may be whole.
"""


class ChunkStore:
    """The rollouts of one chunk.

    A rollout is there when its F1 is: that is written last, in one small file that is renamed into
    place. Before, it is NaN.

    Attributes:
        group: the Zarr group.
        name: of the chunk.
    """

    def __init__(self, group: zarr.Group, path: Path) -> None:
        """Take a group that was made whole, and its folder."""
        self.group, self.name, self._path = group, path.name, path
        self._arrays = {name: _array(group, name, path) for name in (*ARRAYS, F1)}

    def f1(self) -> NDArray[np.float64]:
        """Frame F1 of each rollout, shape ``(rollouts,)``; NaN where there is none yet."""
        return self._read(F1, ...).astype(np.float64)

    @property
    def n_steps(self) -> int:
        """Control steps of the chunk."""
        return int(self._arrays["actions"].shape[1])

    def done(self) -> list[int]:
        """Which rollouts are there."""
        indices: list[int] = np.flatnonzero(~np.isnan(self.f1())).tolist()
        return indices

    def make_room(self, rollouts: int) -> None:
        """Have room for so many rollouts, or more: what is there stays. F1 grows last.

        Raises:
            OSError: it cannot be written.
        """
        for array in self._arrays.values():
            if array.shape[0] < rollouts:
                array.resize((rollouts, *array.shape[1:]))

    def write(self, index: int, rollout: Rollout) -> None:
        """Keep a rollout, whole or not at all.

        Raises:
            OSError: the disk is full.
        """
        for name in ARRAYS:
            self._arrays[name][index] = rollout.arrays[name]
        self._arrays[F1][index] = rollout.f1

    def read(self, name: str, index: int) -> NDArray[np.float32]:
        """An array of one rollout, shape ``(n_steps, ...)``.

        Raises:
            DatasetError: it is damaged.
        """
        return self._read(name, index)

    def check(self) -> None:
        """Read all that is said to be there.

        Raises:
            DatasetError: something is missing or damaged.
        """
        for index in self.done():
            for name in ARRAYS:
                self._read(name, index)

    def _read(self, name: str, where: int | EllipsisType) -> NDArray[Any]:
        array = self._arrays[name]
        if isinstance(where, int):
            self._require_file(name, where, array.ndim)
        try:
            return np.asarray(array[where])
        except UNREADABLE as error:
            raise self._damaged(name, where) from error
        except OSError as error:
            raise DatasetError(
                f"{self._path / name}: {error.strerror}: it may be whole, see to the disk and who "
                "may read it"
            ) from error

    def _require_file(self, name: str, index: int, ndim: int) -> None:
        """Zarr takes a file that is not there for an array of zeros."""
        if not (self._path / name / ".".join([str(index), *"0" * (ndim - 1)])).is_file():
            raise self._damaged(name, index)

    def _damaged(self, name: str, where: int | EllipsisType) -> DatasetError:
        mend = "delete this folder and build the dataset again, the other songs are kept"
        if isinstance(where, int):
            mend = (
                f"delete {self._path / F1 / str(where)} and build the dataset again, which plays "
                "that rollout anew; if that does not help, delete the folder"
            )
        return DatasetError(f"{self._path}: its {name!r} is cut off or damaged: {mend}")


def create_arrays(group: zarr.Group, shapes: Shapes) -> None:
    """Make the empty arrays of a chunk, F1 last.

    Args:
        group: of the chunk.
        shapes: of the arrays by name, ``(rollouts, n_steps, ...)``.
    """
    for name in ARRAYS:
        shape = shapes[name]
        _create(group, name, shape, (1, *shape[1:]), 0.0)
    _create(group, F1, shapes["actions"][:1], (1,), np.nan)


def _create(
    group: zarr.Group, name: str, shape: tuple[int, ...], chunks: tuple[int, ...], fill: float
) -> None:
    # Rollouts that happen to be all zero are written too: a file that lacks is then always damage.
    group.create_array(
        name,
        shape=shape,
        chunks=chunks,
        dtype="float32",
        fill_value=fill,
        config={"write_empty_chunks": True},
    )


def _array(group: zarr.Group, name: str, path: Path) -> zarr.Array[Any]:
    array = group.get(name)
    if not isinstance(array, zarr.Array):
        raise broken(path)
    return array.with_config({"write_empty_chunks": True})


def broken(path: Path) -> DatasetError:
    """The error of a part that cannot be opened."""
    return DatasetError(f"{path}: cut off or damaged: delete it and build the dataset again")

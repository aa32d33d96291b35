"""The Zarr store of a dataset: one group a chunk, rollouts along the first axis of each array."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import EllipsisType
from typing import Any, Literal

import numpy as np
import zarr
from numpy.typing import NDArray

from policies.dataset.rollouts import Rollout
from policies.errors import DatasetError

SCHEMA = 1
ZARR_FORMAT: Literal[2] = 2
"""Read by zarr-python 2 and 3."""

ARRAYS = ("actions", "goals", "piano_states", "hand_joints", "hand_fingertips", "keys_sounding")
"""All of shape ``(rollouts, n_steps, ...)``; F1 lies beside them, shape ``(rollouts,)``."""

F1 = "f1"


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

    def missing(self) -> list[int]:
        """Which rollouts are not there yet."""
        indices: list[int] = np.flatnonzero(np.isnan(self.f1())).tolist()
        return indices

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
        done = np.flatnonzero(~np.isnan(self.f1())).tolist()
        for index in done:
            for name in ARRAYS:
                self._read(name, index)

    def _read(self, name: str, where: int | EllipsisType) -> NDArray[Any]:
        array = self._arrays[name]
        if isinstance(where, int):
            self._require_file(name, where, array.ndim)
        try:
            return np.asarray(array[where])
        except (OSError, RuntimeError, ValueError) as error:
            raise self._damaged(name) from error

    def _require_file(self, name: str, index: int, ndim: int) -> None:
        """Zarr takes a file that is not there for an array of zeros."""
        if not (self._path / name / ".".join([str(index), *"0" * (ndim - 1)])).is_file():
            raise self._damaged(name)

    def _damaged(self, name: str) -> DatasetError:
        return DatasetError(
            f"{self._path}: its {name!r} is cut off or damaged: "
            f"delete this folder and build the dataset again, the other songs are kept"
        )


class Store:
    """A dataset on disk.

    Attributes:
        path: its folder.
        attributes: what it was made with.
    """

    def __init__(self, path: Path, root: zarr.Group) -> None:
        """Take an opened store."""
        self.path, self._root = path, root
        self.attributes: dict[str, Any] = dict(root.attrs)

    def chunks(self) -> Iterator[ChunkStore]:
        """All chunks that are begun, by name.

        Raises:
            DatasetError: one is damaged.
        """
        for path in sorted(self.path.iterdir()):
            if (path / F1 / ".zarray").is_file():
                yield self._chunk(path.name)

    def open_chunk(self, name: str, attributes: Mapping[str, Any], shapes: Shapes) -> ChunkStore:
        """Make a chunk's group, or open it and check what it has.

        Args:
            name: of the chunk.
            attributes: of the group; must be those it has.
            shapes: of the arrays by name, ``(rollouts, n_steps, ...)``.

        Raises:
            DatasetError: it is damaged, or of other goals.
        """
        if not (self.path / name / F1 / ".zarray").is_file():  # the last file of making a group
            return self._make_chunk(name, attributes, shapes)
        chunk = self._chunk(name)
        if dict(chunk.group.attrs) != dict(attributes):
            raise DatasetError(f"{self.path / name}: made of another song: choose another --out")
        chunk.check()
        return chunk

    def _make_chunk(self, name: str, attributes: Mapping[str, Any], shapes: Shapes) -> ChunkStore:
        shutil.rmtree(self.path / name, ignore_errors=True)  # half made by a build that was killed
        group = self._root.create_group(name, attributes=dict(attributes))
        for array in ARRAYS:
            shape = shapes[array]
            _create(group, array, shape, (1, *shape[1:]), 0.0)
        _create(group, F1, shapes["actions"][:1], (1,), np.nan)
        return self._chunk(name)

    def _chunk(self, name: str) -> ChunkStore:
        path = self.path / name
        try:
            return ChunkStore(zarr.open_group(path, mode="r+"), path)
        except (OSError, ValueError, KeyError) as error:
            raise _broken(path) from error


Shapes = Mapping[str, tuple[int, ...]]


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
        raise _broken(path / name)
    return array.with_config({"write_empty_chunks": True})


def _broken(path: Path) -> DatasetError:
    return DatasetError(f"{path}: cut off or damaged: delete it and build the dataset again")


def make_store(path: Path, attributes: Mapping[str, Any]) -> Store:
    """Begin a dataset, or go on with one that was begun with the same attributes.

    Raises:
        DatasetError: something else is there, or it was begun with others.
        OSError: it cannot be written.
    """
    if not (path / ".zattrs").is_file():
        if path.exists() and not all(inside.name.startswith(".z") for inside in path.iterdir()):
            raise DatasetError(f"{path}: not empty, and no dataset: choose another --out")
        zarr.create_group(
            path, attributes=dict(attributes), zarr_format=ZARR_FORMAT, overwrite=True
        )
    store = open_store(path)
    for half in path.rglob("*.partial"):  # what a killed build was just writing
        half.unlink()
    for name, wanted in attributes.items():
        if name != "versions" and store.attributes.get(name) != wanted:
            raise DatasetError(
                f"{path}: made with {name} {store.attributes.get(name)}, asked for is {wanted}: "
                "ask for the same or choose another --out"
            )
    return store


def open_store(path: Path) -> Store:
    """Open a dataset.

    Raises:
        DatasetError: it is none, or damaged.
    """
    if not path.is_dir():
        raise DatasetError(f"{path}: no such folder: build it with `dacapo dataset build`")
    try:
        root = zarr.open_group(path, mode="r+")
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(f"{path}: no dataset, or cut off: build it again") from error
    if root.attrs.get("schema") != SCHEMA:
        raise DatasetError(f"{path}: no dataset of schema {SCHEMA}: build it again")
    return Store(path, root)

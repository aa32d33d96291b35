"""The Zarr store of a dataset: one group a chunk, rollouts along the first axis of each array."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import zarr

from policies.dataset.chunk_store import F1, ChunkStore, Shapes, broken, create_arrays
from policies.errors import DatasetError

SCHEMA = 1
ZARR_FORMAT: Literal[2] = 2
"""Read by zarr-python 2 and 3."""


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
        create_arrays(group, shapes)
        return self._chunk(name)

    def _chunk(self, name: str) -> ChunkStore:
        path = self.path / name
        try:
            return ChunkStore(zarr.open_group(path, mode="r+"), path)
        except (OSError, ValueError, KeyError) as error:
            raise broken(path) from error


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

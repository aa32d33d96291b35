"""The Zarr store of a dataset: one group a chunk, rollouts along the first axis of each array."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import zarr

from policies.dataset.chunk_store import (
    F1,
    UNREADABLE,
    ChunkStore,
    Shapes,
    broken,
    create_arrays,
)
from policies.errors import DatasetError

SCHEMA = 2

CODE, GIVEN, SONG = "code_sha256", "given_sha256", "song"
"""Attributes: of the root, which code plays; of a group, which file was given for it, its song."""

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
            if self._begun(path.name):
                yield self._chunk(path.name)

    def missing(self, name: str, attributes: Mapping[str, Any], rollouts: int) -> list[int]:
        """Which of so many rollouts of a chunk are not there; those that are get checked.

        Args:
            name: of the chunk.
            attributes: that its group has, if there is one.
            rollouts: how many are wanted.

        Raises:
            DatasetError: it is damaged, or of another song or policy.
        """
        if not self._begun(name):
            return list(range(rollouts))
        chunk = self._chunk(name)
        theirs = dict(chunk.group.attrs)
        if theirs != dict(attributes):
            same_song = theirs | {GIVEN: attributes[GIVEN]} == attributes
            what = "by another policy" if same_song else "of another song"
            raise DatasetError(f"{self.path / name}: made {what}: choose another --out")
        chunk.check()
        return sorted(set(range(rollouts)) - set(chunk.done()))

    def open_chunk(self, name: str, attributes: Mapping[str, Any], shapes: Shapes) -> ChunkStore:
        """Open a chunk's group and have room in it, or make it.

        Args:
            name: of the chunk.
            attributes: for a new group.
            shapes: of its arrays by name, ``(rollouts, n_steps, ...)``.

        Raises:
            DatasetError: it is damaged.
        """
        if self._begun(name):
            chunk = self._chunk(name)
            chunk.make_room(shapes["actions"][0])
            return chunk
        shutil.rmtree(self.path / name, ignore_errors=True)  # half made by a build that was killed
        group = self._root.create_group(name, attributes=dict(attributes))
        create_arrays(group, shapes)
        return self._chunk(name)

    def _begun(self, name: str) -> bool:
        """Whether a group was made whole; rollouts come only after.

        Raises:
            DatasetError: it holds rollouts, and has lost the last file of making it.
        """
        path = self.path / name
        if (path / F1 / ".zarray").is_file():
            return True
        if any(path.glob("*/[0-9]*")):
            raise broken(path)
        return False

    def _chunk(self, name: str) -> ChunkStore:
        path = self.path / name
        try:
            chunk = ChunkStore(zarr.open_group(path, mode="r+"), path)
        except UNREADABLE as error:
            raise broken(path) from error
        if SONG not in chunk.group.attrs:
            raise broken(path)
        return chunk


def make_store(path: Path, attributes: Mapping[str, Any]) -> Store:
    """Begin a dataset, or go on with one that was begun with the same attributes.

    Raises:
        DatasetError: something else is there, or it was begun with others.
        OSError: it cannot be written.
    """
    if not (path / ".zattrs").is_file() and not any(path.glob(f"*/{F1}/.zarray")):
        if path.exists() and not all(inside.name.startswith(".z") for inside in path.iterdir()):
            raise DatasetError(f"{path}: not empty, and no dataset: choose another --out")
        for half in path.glob(".z*"):  # of a build that was killed right at its beginning
            half.unlink()
        zarr.create_group(path, attributes=dict(attributes), zarr_format=ZARR_FORMAT)
    store = open_store(path)
    for half in path.rglob("*.partial"):  # what a killed build was just writing
        half.unlink()
    _compare(store, attributes)
    return store


def _compare(store: Store, attributes: Mapping[str, Any]) -> None:
    theirs = store.attributes
    for name, wanted in attributes.items():
        if name == "versions" or theirs.get(name) == wanted:
            continue
        if name == CODE:
            raise DatasetError(
                f"{store.path}: begun with other code of planner, players or hands: go on with "
                "the commit of Da Capo that it was begun with, or choose another --out"
            )
        raise DatasetError(
            f"{store.path}: made with {name} {theirs.get(name)}, asked for is {wanted}: "
            "ask for the same or choose another --out"
        )


def open_store(path: Path) -> Store:
    """Open a dataset.

    Raises:
        DatasetError: it is none, or damaged.
    """
    if not path.is_dir():
        raise DatasetError(f"{path}: no such folder: build it with `dacapo dataset build`")
    try:
        root = zarr.open_group(path, mode="r+")
        attributes = dict(root.attrs)
    except UNREADABLE as error:
        raise DatasetError(
            f"{path}: no dataset, or its .zgroup or .zattrs is damaged: bring that file back, or "
            "delete the folder and build it again"
        ) from error
    if attributes.get("schema") != SCHEMA:
        raise DatasetError(
            f"{path}: no dataset of schema {SCHEMA}: bring its .zattrs back, or delete the folder "
            "and build it again"
        )
    return Store(path, root)

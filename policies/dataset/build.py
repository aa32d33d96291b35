"""Building a dataset: chunk after chunk, rollout after rollout, where the last build stopped."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from policies.dataset.card import write_card
from policies.dataset.chunk_store import ChunkStore
from policies.dataset.chunks import Chunk, load_chunks
from policies.dataset.lock import hold
from policies.dataset.rollouts import BATCH, Rollout
from policies.dataset.settings import (
    Settings,
    chunk_attributes,
    order_of,
    shapes_of,
    store_attributes,
)
from policies.dataset.store import Store, make_store
from policies.dataset.workers import Perform
from policies.errors import UnplayableError
from sim.pair import PairModel, build_pair, load_pair


@dataclass(frozen=True)
class Status:
    """How far a build is.

    Attributes:
        chunk: name of the chunk.
        done: rollouts that are there, of all chunks.
        total: rollouts wanted.
        f1: frame F1 of the last one; None while the player gets ready for the chunk.
        left_s: seconds until all are there at the pace so far; NaN before the first one.
    """

    chunk: str
    done: int
    total: int
    f1: float | None
    left_s: float


@dataclass(frozen=True)
class Built:
    """What a build did.

    Attributes:
        chunks: of all songs.
        found: rollouts that were there before.
        made: rollouts that were not.
        wall_s: how long it took [s].
        writing_s: how long of it went into the store [s].
        left_out: why chunks could not be played to the end, by name.
    """

    chunks: int
    found: int
    made: int
    wall_s: float
    writing_s: float
    left_out: Mapping[str, str]


def build(
    path: Path,
    songs: list[str],
    settings: Settings,
    perform: Perform,
    progress: Callable[[Status], None],
) -> Built:
    """Make a dataset, or what is missing of it. All inputs are looked at before anything is played.

    Args:
        path: folder of the store.
        songs: as for ``load_chunks``; others, or fewer rollouts, may be in it from before.
        settings: what it is made with.
        perform: who does the playing, from ``open_workers``.
        progress: called before each chunk and after each rollout.

    Raises:
        DatasetError: a song that cannot be used, a policy that is missing, a store of other
            settings, a damaged one, or one that another build writes into.
        ScoreError: a song that cannot be read.
        RigError: no such rig.
        OSError: the store cannot be written.
    """
    started_s = time.monotonic()
    chunks, model = load_chunks(songs, settings.stretch), build_pair(load_pair(settings.rig))
    attributes = {chunk.name: chunk_attributes(chunk, settings) for chunk in chunks}
    with hold(path):
        store = make_store(path, store_attributes(settings, model))
        missing = {
            name: store.missing(name, of_chunk, settings.rollouts)
            for name, of_chunk in attributes.items()
        }
        total = len(chunks) * settings.rollouts
        found = total - sum(map(len, missing.values()))
        building = _Building(
            store, settings, model, perform, progress, total, found, time.monotonic()
        )
        for chunk in chunks:
            if missing[chunk.name]:
                building.add(chunk, attributes[chunk.name], missing[chunk.name])
        if any(store.chunks()):
            write_card(store)
    wall_s = time.monotonic() - started_s
    return Built(len(chunks), found, building.made, wall_s, building.writing_s, building.left_out)


@dataclass
class _Building:
    """A build under way: what it works with, and how far it is."""

    store: Store
    settings: Settings
    model: PairModel
    perform: Perform
    progress: Callable[[Status], None]
    total: int
    found: int
    began_s: float
    made: int = 0
    writing_s: float = 0.0
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, chunk: Chunk, attributes: Mapping[str, Any], missing: list[int]) -> None:
        """Play the missing rollouts of a chunk, if it can be played."""
        self.tell(chunk, None)
        shapes = shapes_of(chunk, self.settings, self.model)
        begin = partial(self.store.open_chunk, chunk.name, attributes, shapes)
        try:
            batches = sorted({index // BATCH for index in missing})
            played = self.perform(order_of(chunk, self.settings), batches)
            for f1, took_s in _write(played, missing, begin):
                self.made, self.writing_s = self.made + 1, self.writing_s + took_s
                self.tell(chunk, f1)
        except UnplayableError as error:
            self.left_out[chunk.name] = str(error)

    def tell(self, chunk: Chunk, f1: float | None) -> None:
        """Tell how far it is."""
        done, left_s = self.found + self.made, math.nan
        if self.made:
            left_s = (time.monotonic() - self.began_s) / self.made * (self.total - done)
        self.progress(Status(chunk.name, done, self.total, f1, left_s))


def _write(
    played: Iterable[Mapping[int, Rollout]], missing: list[int], begin: Callable[[], ChunkStore]
) -> Iterator[tuple[float, float]]:
    """Keep rollouts; tells F1 and how long it took [s]. Without a rollout, no group is begun."""
    chunk = None
    for batch in played:
        for index in sorted(batch.keys() & set(missing)):
            before_s = time.monotonic()
            chunk = chunk or begin()
            chunk.write(index, batch[index])
            yield batch[index].f1, time.monotonic() - before_s

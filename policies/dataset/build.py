"""Building a dataset: chunk after chunk, rollout after rollout, where the last build stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from policies.dataset.card import write_card
from policies.dataset.chunk_store import ChunkStore, Shapes
from policies.dataset.chunks import CHUNK_STEPS, Chunk, load_chunks
from policies.dataset.player import MakePlayer, given_digest
from policies.dataset.rollouts import Order
from policies.dataset.store import SCHEMA, Store, make_store
from policies.dataset.workers import Perform
from score import CONTROL_STEP_S
from sim.pair import PairModel, build_pair, load_pair


@dataclass(frozen=True)
class Settings:
    """What a dataset is made with.

    Attributes:
        rig: name or file of a rig of two hands.
        make_player: who plays.
        given: what ``--policy`` gives, for ``make_player``.
        rollouts: of each chunk.
        noise: standard deviation on targets and start, as a fraction of the ranges.
        stretch: factor of all times of the songs.
        seed: of everything random.
    """

    rig: str
    make_player: MakePlayer
    given: Path | None
    rollouts: int
    noise: float
    stretch: float
    seed: int


@dataclass(frozen=True)
class Status:
    """How far a build is.

    Attributes:
        chunk: name of the chunk.
        done: rollouts that are there, of all chunks.
        total: rollouts wanted.
        f1: frame F1 of the last one.
    """

    chunk: str
    done: int
    total: int
    f1: float


@dataclass(frozen=True)
class Built:
    """What a build did.

    Attributes:
        chunks: of all songs.
        found: rollouts that were there before.
        made: rollouts that were not.
        wall_s: how long it took [s].
        writing_s: how long of it went into the store [s].
    """

    chunks: int
    found: int
    made: int
    wall_s: float
    writing_s: float


def build(
    path: Path,
    songs: list[str],
    settings: Settings,
    perform: Perform,
    progress: Callable[[Status], None],
) -> Built:
    """Make a dataset, or what is missing of it.

    Args:
        path: folder of the store.
        songs: as for ``load_chunks``; others may have been built into it before.
        settings: what it is made with.
        perform: who does the playing, from ``open_workers``.
        progress: called after each rollout.

    Raises:
        DatasetError: a song that cannot be used, a store of other settings, or a damaged one.
        ScoreError: a song that cannot be read.
        RigError: no such rig.
        OSError: the store cannot be written.
    """
    started_s = time.monotonic()
    chunks, model = load_chunks(songs, settings.stretch), build_pair(load_pair(settings.rig))
    store = make_store(path, _attributes(settings, model))
    parts = [(chunk, _open(store, chunk, settings, model)) for chunk in chunks]
    total = len(parts) * settings.rollouts
    found = total - sum(len(part.missing()) for _, part in parts)
    done, writing_s = found, 0.0
    for chunk, part in parts:
        for index, rollout in perform(_order(chunk, settings), part.missing()):
            before_s = time.monotonic()
            part.write(index, rollout)
            writing_s += time.monotonic() - before_s
            done += 1
            progress(Status(chunk.name, done, total, rollout.f1))
    write_card(store)
    return Built(len(parts), found, done - found, time.monotonic() - started_s, writing_s)


def _order(chunk: Chunk, settings: Settings) -> Order:
    return Order(
        goals=chunk.goals,
        digest=chunk.digest,
        rig=settings.rig,
        given=settings.given,
        make_player=settings.make_player,
        noise=settings.noise,
        seed=settings.seed,
    )


def _open(store: Store, chunk: Chunk, settings: Settings, model: PairModel) -> ChunkStore:
    attributes = {
        "song": chunk.song,
        "chunk": chunk.index,
        "first_step": chunk.first_step,
        "goals_sha256": chunk.digest,
        "given_sha256": given_digest(settings.given, chunk.name),
    }
    leading = settings.rollouts, chunk.goals.n_steps
    shapes: Shapes = {
        "actions": (*leading, len(model.action_names)),
        "goals": (*leading, model.n_keys + 1),
        "piano_states": (*leading, model.n_keys + 1),
        "hand_joints": (*leading, len(model.joint_names)),
        "hand_fingertips": (*leading, 3 * len(model.fingertip_sites)),
        "keys_sounding": (*leading, model.n_keys),
    }
    return store.open_chunk(chunk.name, attributes, shapes)


def _attributes(settings: Settings, model: PairModel) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "rig": model.rig.name,
        "rig_sha256": model.rig.hash,
        "player": settings.make_player.__qualname__,
        "rollouts": settings.rollouts,
        "noise": settings.noise,
        "stretch": settings.stretch,
        "seed": settings.seed,
        "goals": f"score.robopianist, chunks of {CHUNK_STEPS} steps",
        "control_step_s": CONTROL_STEP_S,
        "action_names": list(model.action_names),
        "action_low": model.action_low.tolist(),
        "action_high": model.action_high.tolist(),
        "joint_names": list(model.joint_names),
        "versions": {name: version(name) for name in ("dacapo", "mujoco", "numpy", "zarr")},
    }

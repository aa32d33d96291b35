"""What a dataset is made with, and what of it is written into the store."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from policies.dataset.chunk_store import Shapes
from policies.dataset.chunks import CHUNK_STEPS, Chunk
from policies.dataset.given import code_digest, given_digest
from policies.dataset.player import MakePlayer
from policies.dataset.rollouts import Order
from policies.dataset.store import CODE, GIVEN, SCHEMA, SONG
from score import CONTROL_STEP_S
from sim.pair import PairModel


@dataclass(frozen=True)
class Settings:
    """What a dataset is made with.

    Attributes:
        rig: name or file of a rig of two hands.
        make_player: who plays.
        given: what ``--policy`` gives, for ``make_player``.
        rollouts: of each chunk.
        noise: most noise on targets and start, a standard deviation as a fraction of the ranges.
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


def order_of(chunk: Chunk, settings: Settings) -> Order:
    """What workers are told about a chunk."""
    return Order(
        goals=chunk.goals,
        digest=chunk.digest,
        rig=settings.rig,
        given=settings.given,
        make_player=settings.make_player,
        rollouts=settings.rollouts,
        noise=settings.noise,
        seed=settings.seed,
    )


def store_attributes(settings: Settings, model: PairModel) -> dict[str, Any]:
    """Attributes of a store's root."""
    return {
        "schema": SCHEMA,
        "rig": model.rig.name,
        "rig_sha256": model.rig.hash,
        "player": settings.make_player.__qualname__,
        CODE: code_digest(),
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


def chunk_attributes(chunk: Chunk, settings: Settings) -> dict[str, Any]:
    """Attributes of a chunk's group.

    Raises:
        DatasetError: no file is given for it.
    """
    return {
        SONG: chunk.song,
        "chunk": chunk.index,
        "first_step": chunk.first_step,
        "goals_sha256": chunk.digest,
        GIVEN: given_digest(settings.given, chunk.name),
    }


def shapes_of(chunk: Chunk, settings: Settings, model: PairModel) -> Shapes:
    """Shapes of the arrays of a chunk's group, ``(rollouts, n_steps, ...)`` each."""
    leading = settings.rollouts, chunk.goals.n_steps
    return {
        "actions": (*leading, len(model.action_names)),
        "wanted_actions": (*leading, len(model.action_names)),
        "goals": (*leading, model.n_keys + 1),
        "piano_states": (*leading, model.n_keys + 1),
        "hand_joints": (*leading, len(model.joint_names)),
        "hand_fingertips": (*leading, 3 * len(model.fingertip_sites)),
        "keys_sounding": (*leading, model.n_keys),
    }

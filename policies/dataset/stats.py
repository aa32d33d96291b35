"""What is in a dataset, drawn as RP1M's Fig. 4: keys pressed, active keys of a piece, F1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from policies.dataset.chunk_store import ChunkStore
from policies.dataset.store import Store
from policies.errors import DatasetError


@dataclass(frozen=True, eq=False)
class ChunkStats:
    """Figures of one chunk.

    Attributes:
        name: of the chunk.
        n_steps: its control steps.
        presses: how often each key is due anew, shape ``(n_keys,)``.
        f1: frame F1 of the rollouts that are there.
    """

    name: str
    n_steps: int
    presses: NDArray[np.int64]
    f1: NDArray[np.float64]

    @property
    def active_keys(self) -> int:
        """How many keys the piece asks for."""
        return int(np.count_nonzero(self.presses))


def read_stats(store: Store) -> list[ChunkStats]:
    """Figures of all chunks that have a rollout.

    Raises:
        DatasetError: there is none, or the store is damaged.
    """
    stats = [_read(chunk) for chunk in store.chunks() if chunk.done()]
    if not stats:
        raise DatasetError(f"{store.path}: no rollout yet: build it with `dacapo dataset build`")
    return stats


def _read(chunk: ChunkStore) -> ChunkStats:
    done = chunk.done()
    keys = chunk.read("goals", done[0])[:, :-1] > 0.5
    begun = np.diff(keys.astype(np.int64), axis=0, prepend=0) > 0
    return ChunkStats(chunk.name, len(keys), begun.sum(axis=0), chunk.f1()[done])


def draw_stats(stats: Sequence[ChunkStats]) -> bytes:
    """A picture of three charts, PNG."""
    from matplotlib.figure import Figure  # heavy, and only needed here  # noqa: PLC0415

    figure = Figure(figsize=(12, 3.4), layout="constrained")
    pressed, active, scores = figure.subplots(1, 3)
    presses = np.sum([chunk.presses for chunk in stats], axis=0)
    pressed.bar(np.arange(len(presses)), presses, width=1.0)
    pressed.set(xlabel="key", ylabel="presses due", title="Keys pressed")
    active.hist([chunk.active_keys for chunk in stats], bins=np.arange(0, len(presses) + 4, 4))
    active.set(xlabel="keys", ylabel="chunks", title="Active keys of a piece")
    active.yaxis.get_major_locator().set_params(integer=True)
    scores.hist(np.concatenate([chunk.f1 for chunk in stats]), bins=np.linspace(0.0, 1.0, 51))
    scores.set(xlabel="frame F1", ylabel="rollouts", title="F1 of rollouts")
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    return picture.getvalue()

"""The card of a dataset: a page that says what is in it, inside its folder."""

from __future__ import annotations

import numpy as np

from policies.dataset.store import Store
from score import write_whole

CARD = "README.md"

_PAGE = """\
# Rollouts of two hands at the piano

Made by Da Capo with `dacapo dataset build`, in simulation, in the
layout of RP1M (arXiv:2408.11048) as far as it is known; docs/dataset.md says how far.

| | |
|---|---|
| rig | `{rig}`, SHA-256 {rig_sha256} |
| player | `{player}` |
| goals | {goals}, times by {stretch:g} |
| variety | smooth noise on targets, noise on the start, each rollout 0 to {noise:g} of the ranges |
| seed | {seed} |
| versions | {versions} |
| size | {megabytes:.1f} MB |

| chunk | control steps | rollouts | frame F1, mean | least | greatest |
|---|---|---|---|---|---|
{rows}

```python
import zarr
root = zarr.open("{name}", mode="r")
chunk = root["{first}"]  # actions, goals, piano_states, hand_joints, hand_fingertips, ...
done = chunk["f1"][:] == chunk["f1"][:]  # NaN: a rollout that is not there yet
```
"""


def write_card(store: Store) -> None:
    """Write the card.

    Raises:
        DatasetError: the store is damaged.
        OSError: it cannot be written.
    """
    rows = list(_rows(store))
    versions = ", ".join(f"{name} {v}" for name, v in store.attributes["versions"].items())
    facts = store.attributes | {"versions": versions}
    page = _PAGE.format(
        **facts,
        rows="\n".join(row for _, row in rows),
        name=store.path.resolve().name,
        first=rows[0][0],
        megabytes=store_bytes(store) / 1e6,
    )
    write_whole(store.path / CARD, page.encode())


def _rows(store: Store) -> list[tuple[str, str]]:
    rows = []
    for chunk in store.chunks():
        f1 = chunk.f1()
        there = f1[~np.isnan(f1)]
        figures = (there.mean(), there.min(), there.max()) if len(there) else ()
        cells = [chunk.name, chunk.n_steps, len(there), *(f"{figure:.3f}" for figure in figures)]
        rows.append((chunk.name, f"| {' | '.join(map(str, cells))} |"))
    return rows


def store_bytes(store: Store) -> int:
    """How much room the store takes, its card left out [bytes]."""
    files = (path for path in store.path.rglob("*") if path.is_file() and path.name != CARD)
    return sum(path.stat().st_size for path in files)

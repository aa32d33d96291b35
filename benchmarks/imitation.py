"""Measure what each method learns of many songs of two hands, as in RP1M's Table II.

    python -m benchmarks.imitation rp1m.zarr --split my_split.yaml               # all, three seeds
    python -m benchmarks.imitation rp1m.zarr --split my_split.yaml --method diffusion --seed 0

Every cell is one training and plays every song of the split once; doing nothing and planning need
no training. Kept in ``benchmarks/results/imitation/``: stop and start again as you like. A row is
filled when all three seeds are there. Cells of another dataset or split than the one given are
refused, of this one as it was before it grew, too.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cells import KEPT, ROOT, RUNS, dacapo, fill, kept, table
from policies.dataset import Player as RolloutPlayer
from policies.dataset.player import PolicyPlayer
from policies.imitation.data import dataset_digest
from policies.imitation.evaluation import Nothing, Player, Song
from policies.imitation.methods import METHODS
from policies.imitation.songs import Songs, load_songs
from policies.imitation.split import read_split
from policies.imitation.table import columns
from policies.planner import make_plan
from sim.pair import PairEnvironment, PairModel, build_pair, load_pair
from sim.pair.playable import build_playable_pair

PAGE = ROOT / "docs" / "imitation.md"
CELLS = KEPT / "imitation"
SEEDS = range(3)
RIG = "shadow_pair_88"
COLUMNS = ("in_distribution", "easy", "hard")
BUDGET_S = 3600.0


def learned(arguments: argparse.Namespace, method: str, seed: int) -> dict[str, Any]:
    """Train one method with one seed and play the split."""
    command = ["imitate", str(arguments.dataset), "--split", str(arguments.split)]
    command += ["--method", method, "--seed", str(seed), "--budget-s", str(arguments.budget_s)]
    document, _ = dacapo(*command, "--out", str(RUNS / "imitation"))
    return document


def nothing(arguments: argparse.Namespace) -> dict[str, Any]:
    """Play the split without moving."""
    model, songs = stage(arguments)
    still = Nothing(model)
    return {"songs": columns(lambda song: still, songs, model, 0)}


class Alone:
    """A player of rollouts, playing one."""

    def __init__(self, player: RolloutPlayer) -> None:
        self._player = player

    def reset(self, rng: np.random.Generator) -> None:
        """Before a song."""
        self._player.reset([rng])

    def act(self, environment: PairEnvironment, step: int) -> NDArray[np.float64]:
        """Its answer."""
        return self._player.act([environment], step)[0]


def planner(arguments: argparse.Namespace) -> dict[str, Any]:
    """Plan every song of the split and play it like the others, without training on any."""
    playable = build_playable_pair(load_pair(RIG))

    def thought_through(song: Song) -> Player:
        plan = make_plan(song.goals, playable)
        return Alone(PolicyPlayer(lambda: plan, playable.pair))

    model, songs = stage(arguments)
    return {"songs": columns(thought_through, songs, model, 0)}


def stage(arguments: argparse.Namespace) -> tuple[PairModel, Songs]:
    """The rig and the songs of the split."""
    model = build_pair(load_pair(RIG))
    return model, load_songs(arguments.dataset, read_split(arguments.split), model)


def source(arguments: argparse.Namespace) -> dict[str, Any]:
    """What a cell is measured on."""
    return {
        "dataset": arguments.dataset.name,
        "dataset_sha256": dataset_digest(arguments.dataset),
        "split": hashlib.sha256(arguments.split.read_bytes()).hexdigest(),
        "budget_s": arguments.budget_s,
    }


UNTRAINED = {"nothing": nothing, "planner": planner}


def cell(
    arguments: argparse.Namespace, wanted: dict[str, Any], method: str, seed: int
) -> dict[str, Any]:
    """A kept cell, or one measured now on the source that is wanted.

    Raises:
        SystemExit: the kept one was measured on something else.
    """
    path = CELLS / f"{method}-{seed}.json"
    if method in UNTRAINED:
        found = kept(path, lambda: UNTRAINED[method](arguments) | wanted)
    else:
        found = kept(path, lambda: learned(arguments, method, seed) | wanted)
    if any(found.get(name) != value for name, value in wanted.items()):
        raise SystemExit(f"{path} was measured on another dataset, split or budget: move it away")
    return found


def lines() -> Iterator[list[str]]:
    """The lines of the table; a row without all its seeds stays empty."""
    for method in (*UNTRAINED, *METHODS):
        wanted = 1 if method in UNTRAINED else len(SEEDS)
        cells = [kept(path, dict) for path in sorted(CELLS.glob(f"{method}-?.json"))]
        means = [_mean_of(cells, column) if len(cells) == wanted else "" for column in COLUMNS]
        yield [method.replace("nothing", "doing nothing"), *means]


def _mean_of(cells: list[dict[str, Any]], column: str) -> str:
    """Mean over the seeds of the mean over songs, and how far the seeds spread."""
    songs = [list(cell["songs"][column].values()) for cell in cells]
    if not songs[0]:
        return ""
    means = [float(np.mean(f1)) for f1 in songs]
    if len(means) == 1:
        return f"{means[0]:.3f}"
    return f"{np.mean(means):.3f} ({min(means):.3f} to {max(means):.3f})"


def _whole(text: str) -> Path:
    """A path that still leads there from another folder."""
    return Path(text).resolve()


def main() -> None:
    """Measure what is chosen and not kept yet, then write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dataset", type=_whole)
    parser.add_argument("--split", type=_whole, required=True)
    parser.add_argument("--method", choices=tuple(METHODS), action="append")
    parser.add_argument("--seed", type=int, choices=SEEDS, action="append")
    parser.add_argument("--budget-s", type=float, default=BUDGET_S)
    arguments = parser.parse_args()
    wanted = source(arguments)
    for method in UNTRAINED:
        cell(arguments, wanted, method, 0)
    for seed, method in product(arguments.seed or SEEDS, arguments.method or METHODS):
        cell(arguments, wanted, method, seed)
    fill("imitation", table(("policy", "in distribution", "easy", "hard"), lines()), PAGE)


if __name__ == "__main__":
    main()

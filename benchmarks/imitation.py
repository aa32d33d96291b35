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
import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cells import KEPT, ROOT, RUNS, dacapo, fill, kept, table
from policies.dataset import Player as RolloutPlayer
from policies.dataset.player import PolicyPlayer
from policies.imitation.data import dataset_digest
from policies.imitation.evaluation import Song, play
from policies.imitation.methods import METHODS
from policies.imitation.songs import Songs, load_songs
from policies.imitation.split import read_split
from policies.imitation.table import columns
from policies.planner import make_plan
from score import do_nothing_f1
from sim.pair import PairEnvironment, PairModel, build_pair, load_pair
from sim.pair.playable import build_playable_pair

PAGE = ROOT / "docs" / "imitation.md"
CELLS = KEPT / "imitation"
SEEDS = range(3)
RIG = "shadow_pair_88"
COLUMNS = ("in_distribution", "easy", "hard")
BUDGET_S = 3600.0


def learned(arguments: argparse.Namespace, method: str, seed: int) -> dict[str, Any]:
    """Train one method with one seed and play the split; runs of another dataset lie elsewhere."""
    out = RUNS.relative_to(ROOT) / "imitation" / f"{arguments.sha256[:8]}-{arguments.budget_s:g}"
    command = ["imitate", str(arguments.dataset), "--split", str(arguments.split)]
    command += ["--method", method, "--seed", str(seed), "--budget-s", str(arguments.budget_s)]
    document, _ = dacapo(*command, "--out", str(out))
    if dataset_digest(arguments.dataset) != arguments.sha256:
        raise SystemExit(f"{arguments.dataset} has changed: this cell is not kept")
    return document


def nothing(arguments: argparse.Namespace) -> dict[str, Any]:
    """The share of silence."""
    _, songs = stage(arguments)
    return {"songs": columns(lambda name: do_nothing_f1(songs.goals[name].keys), songs)}


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
    """Plan every song of the split and play it from where its plan begins, training on none."""
    model, songs = stage(arguments)
    playable = build_playable_pair(model.rig)

    def planned_f1(name: str) -> float:
        goals = songs.goals[name]
        plan = make_plan(goals, playable)
        player = PolicyPlayer(lambda: plan, playable.pair)
        return play(Alone(player), model, Song(goals, player.start), 0).f1

    return {"songs": columns(planned_f1, songs)}


def stage(arguments: argparse.Namespace) -> tuple[PairModel, Songs]:
    """The rig and the songs of the split."""
    model = build_pair(load_pair(RIG))
    return model, load_songs(arguments.dataset, read_split(arguments.split), model)


UNTRAINED = {"nothing": nothing, "planner": planner}


def source(arguments: argparse.Namespace, method: str) -> dict[str, Any]:
    """What a cell is measured on."""
    trained = (
        {}
        if method in UNTRAINED
        else {
            "budget_s": arguments.budget_s,
            "settings": json.loads(json.dumps(asdict(METHODS[method]))),  # type: ignore[call-overload]
        }
    )
    return trained | {
        "dataset": arguments.dataset.name,
        "dataset_sha256": arguments.sha256,
        "split": hashlib.sha256(arguments.split.read_bytes()).hexdigest(),
    }


def measure(arguments: argparse.Namespace, method: str, seed: int) -> None:
    """Measure a cell, if it is not kept yet."""
    wanted = source(arguments, method)
    if method in UNTRAINED:
        kept(path_of(method, seed), lambda: UNTRAINED[method](arguments) | wanted)
    else:
        kept(path_of(method, seed), lambda: learned(arguments, method, seed) | wanted)


def path_of(method: str, seed: int) -> Path:
    """The file of a cell."""
    return CELLS / f"{method}-{seed}.json"


def check_kept(arguments: argparse.Namespace) -> None:
    """No table of cells that do not belong together.

    Raises:
        SystemExit: a kept cell was measured on something else.
    """
    for method, seed in product((*UNTRAINED, *METHODS), SEEDS):
        path, wanted = path_of(method, seed), source(arguments, method)
        found = kept(path, dict) if path.is_file() else wanted
        if any(found.get(name) != value for name, value in wanted.items()):
            raise SystemExit(f"{path}: of another dataset, split, budget or method: move it away")


def lines() -> Iterator[list[str]]:
    """The lines of the table; a row without all its seeds stays empty."""
    for method in (*UNTRAINED, *METHODS):
        seeds = SEEDS[:1] if method in UNTRAINED else SEEDS
        paths = [path_of(method, seed) for seed in seeds]
        cells = [kept(path, dict) for path in paths if path.is_file()]
        whole = len(cells) == len(seeds)
        means = [_mean_of(cells, column) if whole else "" for column in COLUMNS]
        steps = [cell["steps"] for cell in cells if "steps" in cell]
        trained = f"{np.mean(steps):,.0f}" if whole and steps else ""
        yield [method.replace("nothing", "doing nothing"), trained, *means]


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
    arguments.sha256 = dataset_digest(arguments.dataset)
    check_kept(arguments)
    for method in UNTRAINED:
        measure(arguments, method, 0)
    for seed, method in product(arguments.seed or SEEDS, arguments.method or METHODS):
        measure(arguments, method, seed)
    columns_of = ("policy", "gradient steps", "in distribution", "easy", "hard")
    fill("imitation", table(columns_of, lines()), PAGE)


if __name__ == "__main__":
    main()

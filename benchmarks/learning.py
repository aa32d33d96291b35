"""Measure learning: planner, search and learners on the four songs, from scratch, ablations.

    python -m benchmarks.learning compare                     # two rigs, four songs, five seeds
    python -m benchmarks.learning compare --rig leap_rail_49 --song ode_to_joy --seed 0
    python -m benchmarks.learning three-minutes               # the default learner, for longer
    python -m benchmarks.learning scratch                     # ppo and droq, 15 minutes each
    python -m benchmarks.learning long                        # droq on, for a machine with a GPU
    python -m benchmarks.learning ablations
    python -m benchmarks.learning report                      # only write the page again

Every cell is a ``dacapo train`` (or ``polish``) in its own process; its bundle is played afresh, in
the nominal simulator and on draws of the physics that no training saw, and the result kept in
``benchmarks/results/learning/``. Stop and start again as you like: what is kept
is not measured again, a training that was stopped goes on. Tables and figures of docs/learning.md
are written from what is kept. Give the machine nothing else to do.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cells import (
    KEPT,
    RIGS,
    ROOT,
    RUNS,
    SONGS,
    curve,
    dacapo,
    fill,
    kept,
    play,
    play_on_draws,
    spread,
    table,
)
from policies.learning.algorithms import ALGORITHMS

PARTS = ("compare", "three-minutes", "scratch", "long", "ablations")
SEEDS = {"compare": 5, "three-minutes": 5, "scratch": 3, "long": 1, "ablations": 3}
ONE_SONG = "twinkle_twinkle_little_star"
BUDGETS_S = {
    "compare": 66.0,
    "three-minutes": 170.0,
    "scratch": 900.0,
    "long": 640.0,
    "ablations": 66.0,
}
"""What training gets; with 66 s the whole process stays within 75 s, with 170 s within 180 s."""
SEARCH_S = 25.0

METHODS: dict[str, dict[str, tuple[str, ...]]] = {
    "compare": {
        "planner": (),
        "search": (),
        "residual-ppo": (),
        "residual-droq": ("--algorithm", "residual-droq"),
    },
    "three-minutes": {"residual-ppo": ()},
    "scratch": {"ppo": ("--algorithm", "ppo"), "droq": ("--algorithm", "droq")},
    "long": {"droq": ("--algorithm", "droq")},
    "ablations": {
        "whole recipe": (),
        "no fingering reward": ("--without", "fingering"),
        "no starts along the plan": ("--without", "starts"),
        "published reward": ("--reward", "published"),
        "no randomisation": ("--randomise", "0"),
    },
}


@dataclass(frozen=True)
class Cell:
    """One measurement."""

    part: str
    method: str
    rig: str
    song: str
    seed: int

    @property
    def path(self) -> Path:
        """Where its result is kept."""
        method = self.method.replace(" ", "_")
        return KEPT / "learning" / self.part / method / self.rig / f"{self.song}-{self.seed}.json"

    def measure(self) -> dict[str, Any]:
        """Train or search, then play what came out."""
        if self.method == "planner":
            _, process_s = dacapo("evaluate", self.song, "--rig", self.rig, "--episodes", "1")
            plan = {"process_s": process_s, "steps": 0, **self._play("planner")}
            return plan | {"curve": []}
        trained = self._train(SEARCH_S if self.method == "search" else BUDGETS_S[self.part])
        exams = [] if self.method == "search" else curve(trained["bundle"])
        return trained | {"curve": exams}

    def _train(self, budget_s: float) -> dict[str, Any]:
        verb = "polish" if self.method == "search" else "train"
        out = RUNS / verb / self.part / str(self.seed)
        command = [verb, self.song, "--rig", self.rig, "--seed", str(self.seed)]
        command += ["--budget-s", str(budget_s), "--out", str(out.relative_to(ROOT))]
        printed, process_s = dacapo(*command, *METHODS[self.part][self.method])
        bundle = printed[self.song]["bundle"]
        return {
            "budget_s": budget_s,
            "process_s": max(process_s, printed[self.song]["wall_s"]),  # it may have gone on
            "steps": printed[self.song].get("steps", 0),
            "bundle": bundle,
            **self._play(bundle),
        }

    def _play(self, policy: str) -> dict[str, Any]:
        scores = play(policy, self.rig, self.song)
        return scores | {"draws": play_on_draws(policy, self.rig, self.song)}


def cells(arguments: argparse.Namespace) -> Iterator[Cell]:
    """The cells that the command line chooses."""
    part = arguments.part
    whole = part in ("compare", "three-minutes")
    rigs = arguments.rig or (RIGS if whole else RIGS[:1])
    songs = arguments.song or (SONGS if whole else (ONE_SONG,))
    seeds = arguments.seed or range(SEEDS[part])
    methods = arguments.method or METHODS[part]
    for seed, rig, song, method in product(seeds, rigs, songs, methods):
        if method != "planner" or seed == 0:  # it has no chance in it
            yield Cell(part, method, rig, song, seed)


def found(part: str, method: str, rig: str, song: str) -> list[dict[str, Any]]:
    """What is kept of one line of a table, a dictionary a seed."""
    every = [Cell(part, method, rig, song, seed) for seed in range(100)]
    return [kept(cell.path, dict) for cell in every if cell.path.is_file()]


def lines(part: str) -> Iterator[list[str]]:
    """The lines of a part's table."""
    for rig, song, method in product(RIGS, SONGS, METHODS[part]):
        seeds = found(part, method, rig, song)
        if seeds:
            cores = sorted({str(r["cores"]) for r in seeds})
            line = [rig, song, method, str(len(seeds)), " and ".join(cores)]
            line.append(f"{max(r['process_s'] for r in seeds):.0f}")
            line.append(f"{np.mean([r['steps'] for r in seeds]) / 1000:.0f}")
            line.append(spread([r["frame_f1"] for r in seeds]))
            line.append(spread([r["note_f1_50ms"] for r in seeds]))
            line.append(spread([float(np.mean(r["draws"])) for r in seeds]))
            yield line


def draw(part: str, axis: int, label: str, path: Path) -> None:
    """A figure of frame F1 over steps (axis 0) or seconds (axis 1): median and range of seeds."""
    from matplotlib.figure import Figure  # noqa: PLC0415  # heavy

    shown = [(rig, song) for rig, song in product(RIGS, SONGS) if _any(part, rig, song)]
    width = min(len(shown), 4)
    height = -(-len(shown) // width)
    size = (3.2 * width, 2.8 * height + 0.4) if width > 1 else (6.4, 4.0)
    figure = Figure(figsize=size, layout="constrained")
    for index, (rig, song) in enumerate(shown):
        axes = figure.add_subplot(height, width, index + 1)
        for method in METHODS[part]:
            _plot(axes, method, found(part, method, rig, song), axis)
        axes.set(title=f"{song}\n{rig}", xlabel=label, ylabel="frame F1")
        axes.title.set_fontsize(8)
        axes.grid(alpha=0.3)
    names = figure.axes[0].get_legend_handles_labels()
    figure.legend(*names, fontsize=8, loc="outside lower center", ncols=3)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=110)


def _any(part: str, rig: str, song: str) -> bool:
    return any(found(part, method, rig, song) for method in METHODS[part])


def _plot(axes: Any, method: str, seeds: list[dict[str, Any]], axis: int) -> None:  # noqa: ANN401
    """One method: the best exam so far; what has no exams is a level, on the held-out draws."""
    shown = np.array([1e-3, 1.0, 1.0])  # steps, seconds, F1
    curves = [np.array(seed["curve"], float) * shown for seed in seeds if seed["curve"]]
    if seeds and not curves:
        style = "--" if method == "search" else ":"
        level = np.mean([np.mean(seed["draws"]) for seed in seeds])
        axes.axhline(level, ls=style, lw=1, c="gray", label=method)
    if not curves:
        return
    grid = np.linspace(0, max(curve[-1, axis] for curve in curves), 200)
    best = np.array([_best_until(curve, axis, grid) for curve in curves])
    marker = "o" if max(map(len, curves)) == 1 else ""  # a line of one exam is not to be seen
    [line] = axes.plot(grid, np.median(best, axis=0), label=method, marker=marker, markevery=[-1])
    axes.fill_between(grid, best.min(axis=0), best.max(axis=0), alpha=0.2, color=line.get_color())


def _best_until(curve: np.ndarray, axis: int, grid: np.ndarray) -> np.ndarray:
    best = np.maximum.accumulate(curve[:, 2])
    index = np.searchsorted(curve[:, axis], grid, side="right") - 1
    return np.where(index < 0, np.nan, best[np.maximum(index, 0)])


def hyper_parameters() -> str:
    """A table of every hyper-parameter of every algorithm, as the code has them."""
    every = {
        name: {"exam_every": algorithm.exam_every, "reward": algorithm.reward}
        | asdict(algorithm.config)
        for name, algorithm in ALGORITHMS.items()
    }
    names = list(dict.fromkeys(name for config in every.values() for name in config))
    rows = [[f"`{n}`", *(_shown(config.get(n, "-")) for config in every.values())] for n in names]
    return table(["", *(f"`{name}`" for name in every)], rows)


def _shown(value: object) -> str:
    return " x ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def report() -> None:
    """Write tables and figures into the documentation."""
    fill("hyper-parameters", hyper_parameters())
    columns = ["rig", "song", "method", "seeds", "cores", "s (slowest)", "1000 steps"]
    columns += ["frame F1", "note F1 50 ms", "frame F1 on held-out draws"]
    for part in PARTS:
        rows = list(lines(part))
        if not rows:
            fill(part, "Not measured yet.")
            continue
        pictures = []
        for axis, name, label in ((1, "seconds", ""), (0, "steps", "thousand control ")):
            over = label + name
            draw(part, axis, over, ROOT / f"docs/images/learning_{part}_{name}.png")
            pictures.append(f"![Frame F1 over {over}](images/learning_{part}_{name}.png)")
        fill(part, "\n".join([table(columns, rows), "", *pictures]))


def main() -> None:
    """Measure what is chosen and not kept yet, then report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("part", choices=(*PARTS, "report"))
    parser.add_argument("--rig", choices=RIGS, action="append")
    parser.add_argument("--song", action="append", help="default: four, or one from scratch")
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--method", action="append")
    arguments = parser.parse_args()
    if arguments.part != "report":
        if odd := set(arguments.method or ()) - set(METHODS[arguments.part]):
            parser.error(f"no method {odd.pop()!r}; there are {', '.join(METHODS[arguments.part])}")
        for cell in cells(arguments):
            kept(cell.path, cell.measure)
    report()


if __name__ == "__main__":
    main()

"""Measure what a gradient step of each imitation method costs, and one answer.

    python -m benchmarks.imitation_steps

At the real sizes, drawing of windows included, on made-up rollouts as long as a chunk. Each method
is compiled and takes two steps before the clock runs. An answer begins with the observation: what
is shown of it, normalised, and the network in NumPy, on one thread. Fills a table of
docs/imitation.md.
"""

from __future__ import annotations

import os

# An answer is a few small products: threads would wait for each other.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import time
from collections.abc import Callable
from statistics import median

import numpy as np

from benchmarks.cells import ROOT, fill, table
from policies.dataset import CHUNK_STEPS
from policies.imitation.data import Rollouts
from policies.imitation.learner import ImitationLearner
from policies.imitation.methods import METHODS, sight_of
from policies.imitation.normaliser import fitted
from policies.imitation.sight import Shown
from policies.imitation.windows import Windows
from sim.pair import build_pair, load_pair

GOALS, STATES, ACTIONS = 979, 165, 39
ROLLOUTS, STEPS, ANSWERS = 4, 5, 100


def made_up() -> list[Rollouts]:
    """Rollouts of one chunk that nobody played."""
    rng = np.random.default_rng(0)
    shape = ROLLOUTS, CHUNK_STEPS
    goals = (rng.random((CHUNK_STEPS, GOALS)) < 0.05).astype(np.int8)
    states = rng.standard_normal((*shape, STATES), np.float32)
    return [
        Rollouts("made_up", "made_up", goals, states, rng.random((*shape, ACTIONS), np.float32))
    ]


def costs(name: str, rollouts: list[Rollouts]) -> tuple[float, float]:
    """Seconds of a gradient step and of an answer, medians."""
    sight = sight_of(name, build_pair(load_pair("shadow_pair_88")))
    shown = [Shown.of(song, sight) for song in rollouts]
    method, normaliser, rng = METHODS[name], fitted(shown), np.random.default_rng(0)
    windows = Windows(shown, normaliser, method)
    learner = ImitationLearner(method, windows, (normaliser.mean.size, ACTIONS), seed=0)
    step_s = _median_s(learner.step, STEPS)
    parameters, window = learner.parameters(), windows.draw(rng)[0][:1]
    goals, states = rollouts[0].goals[0], rollouts[0].states[0, 0]

    def answer(number: int) -> None:
        normaliser.observed(sight.see(goals, states, sight.match(goals, states)))
        method.act(np, parameters, window, method.draw_to_act(rng, 1, ACTIONS))

    return step_s, _median_s(answer, ANSWERS)


def _median_s(work: Callable[[int], object], count: int) -> float:
    times = []
    for number in range(count + 2):
        begun = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - begun)
    return median(times[2:])


def main() -> None:
    """Measure all methods and write the table."""
    rollouts, load = made_up(), os.getloadavg()[0]
    found = {name: costs(name, rollouts) for name in METHODS}
    rows = [
        (name, f"{step_s:.3f}", f"{1000 * act_s:.1f}") for name, (step_s, act_s) in found.items()
    ]
    columns = ("`--method`", "s a gradient step", "ms an answer")
    cores = len(os.sched_getaffinity(0))
    note = f"\n\n{cores} cores, load average {load:.1f} before it began."
    fill("imitation steps", table(columns, rows) + note, ROOT / "docs" / "imitation.md")


if __name__ == "__main__":
    main()

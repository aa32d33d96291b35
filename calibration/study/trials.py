"""Running the stages of a study: post a population, evaluate it in one batch, tell the search."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from calibration.study.ledger import Ledger, Place, Results
from calibration.study.problem import Problem
from calibration.study.stages import Stage

Floats = NDArray[np.float64]

_PATIENCE_S = 60.0
"""How long others may take for what they took; then it is offered again [s]."""

_POLL_S = 0.05


def work_off(ledger: Ledger, problem: Problem, most: int) -> int:
    """Take waiting trials, evaluate them in one batch and enter the results.

    Args:
        ledger: Of the study.
        problem: What to evaluate.
        most: Trials to take at a time.

    Returns:
        How many there were.
    """
    tasks = ledger.take(most)
    if tasks:
        points = np.array([task.point for task in tasks])
        limits = np.array([task.prune_above for task in tasks])
        for task, (first, whole) in zip(tasks, problem.costs(points, limits), strict=True):
            ledger.tell(task, first, whole)
    return len(tasks)


def run_stage(
    ledger: Ledger,
    problem: Problem,
    stage: Stage,
    start: tuple[Floats, float],
    seed: int,
    *,
    workers: int = 1,
    go_on: Callable[[float], bool] = lambda _: True,
) -> tuple[Floats, float]:
    """Run a stage from where it is to its end.

    Args:
        ledger: Of the study; trials that are finished there are not evaluated again.
        problem: What to minimise.
        stage: What to search, and how.
        start: The best point so far, shape `(d,)`, and its cost; infinite when not known.
        seed: Of the study.
        workers: How many processes take trials.
        go_on: Is told the lowest cost after every population; False ends the stage.

    Returns:
        The best point and its cost: of the stage, or the start.
    """
    best, columns = start, list(stage.columns)
    search, prune_above = stage.search(start[0][columns], seed), np.inf
    for population in range(stage.populations):
        points = np.tile(start[0], (stage.population, 1))
        points[:, columns] = search.ask()
        place = Place(stage.name, population)
        results = run_population(
            ledger, problem, place, points, prune_above=prune_above, workers=workers
        )
        search.tell(results.points[:, columns], results.values)
        prune_above = float(np.median(results.firsts))
        whole = np.where(results.pruned, np.inf, results.values)
        lowest = int(np.argmin(whole))
        if whole[lowest] < best[1]:
            best = results.points[lowest], float(whole[lowest])
        if not go_on(best[1]):
            break
    return best


def run_population(
    ledger: Ledger,
    problem: Problem,
    place: Place,
    points: Floats,
    *,
    prune_above: float = np.inf,
    workers: int = 1,
) -> Results:
    """Have a population evaluated, by this process and whoever else is there.

    Args:
        ledger: Of the study; trials that are finished there are not evaluated again.
        problem: What to minimise.
        place: Where the population belongs.
        points: Shape `(k, d)`.
        prune_above: Cost of the first part above which the rest is left out.
        workers: How many processes take trials.
    """
    if (results := ledger.results(place, len(points))) is not None:
        return results
    ledger.give_up(place)  # what a killed process took
    ledger.post(place, points, prune_above)
    most = -(-len(points) // workers)
    waiting_since_s = time.monotonic()
    while (results := ledger.results(place, len(points))) is None:
        if work_off(ledger, problem, most):
            waiting_since_s = time.monotonic()
        elif time.monotonic() - waiting_since_s > _PATIENCE_S:
            ledger.give_up(place)
        else:
            time.sleep(_POLL_S)
    return results

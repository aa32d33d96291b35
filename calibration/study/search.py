"""Searches that ask for whole populations of points: CMA-ES and TPE, by Optuna's authors.

Points are vectors in the unit cube. A search is a function of its seed and of the values it was
told, so it is never stored: a study is resumed by telling it everything again.
"""

from __future__ import annotations

import warnings
from typing import Protocol

import numpy as np
import optuna
from cmaes import CMA
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import TPESampler

Floats = NDArray[np.float64]


class Search(Protocol):
    """Asks for a population, is told its values, and asks again."""

    def ask(self) -> Floats:
        """The next points to evaluate, shape `(k, d)`; to be told before others are asked."""

    def tell(self, points: Floats, values: Floats) -> None:
        """Take the values of a population; lower is better.

        Args:
            points: What was evaluated, shape `(k, d)`.
            values: Shape `(k,)`, finite.
        """


class CmaSearch:
    """CMA-ES (Hansen, *The CMA evolution strategy: a tutorial*, 2016) within the unit cube.

    Args:
        start: First mean, shape `(d,)`.
        spread: First standard deviation of every entry.
        population: Points in a population.
        seed: Of everything that is drawn.
    """

    def __init__(self, start: Floats, spread: float, population: int, seed: int) -> None:
        bounds = np.tile([0.0, 1.0], (len(start), 1))
        self._start: Floats | None = start
        self._cma = CMA(
            mean=np.clip(start, 0.01, 0.99),  # a mean on a bound draws half its points twice
            sigma=spread,
            bounds=bounds,
            seed=seed,
            population_size=population,
        )

    def ask(self) -> Floats:
        """A population; the first one has the start itself among its points."""
        points = np.array([self._cma.ask() for _ in range(self._cma.population_size)])
        if self._start is not None:
            points[0], self._start = self._start, None
        return points

    def tell(self, points: Floats, values: Floats) -> None:
        """Move the distribution to where values are low."""
        self._cma.tell([(point, float(value)) for point, value in zip(points, values, strict=True)])


class TpeSearch:
    """Optuna's tree-structured Parzen estimator, for few entries with several valleys.

    Args:
        start: The first point, shape `(d,)`.
        population: Points asked for at a time.
        seed: Of everything that is drawn.
    """

    def __init__(self, start: Floats, population: int, seed: int) -> None:
        with warnings.catch_warnings():  # Optuna calls both options experimental
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = TPESampler(
                seed=seed, multivariate=True, constant_liar=True, n_startup_trials=2 * population
            )
        self._study = optuna.create_study(sampler=sampler)
        self._entries: dict[str, BaseDistribution] = {
            str(i): FloatDistribution(0.0, 1.0) for i in range(len(start))
        }
        self._study.enqueue_trial({name: float(start[int(name)]) for name in self._entries})
        self._population = population
        self._asked: list[optuna.Trial] = []

    def ask(self) -> Floats:
        """A population; the first one has the start among its points."""
        self._asked = [self._study.ask(self._entries) for _ in range(self._population)]
        return np.array([[t.params[name] for name in self._entries] for t in self._asked])

    def tell(self, points: Floats, values: Floats) -> None:
        """Take the values of what was asked for last."""
        for trial, value in zip(self._asked, values, strict=True):
            self._study.tell(trial, float(value))

"""The fit itself: what follows what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.study.case import Case
from calibration.study.clock import Clock
from calibration.study.ledger import Ledger, Place
from calibration.study.polish import Linearised, jacobian, least_squares
from calibration.study.stages import Stage, plan_stages
from calibration.study.trials import run_population, run_stage
from calibration.study.valleys import valleys
from sim import PhysicsParameters

Floats = NDArray[np.float64]

PASSES = ((1e-2, 6), (2e-3, 12))
"""Both times of least squares: half-width of the finite differences and most iterations. The first
time sees past the grain of contacts and gets the motion right; the second ends at the bottom."""

_EARLY, _MIDDLE, _LATE = 0.2, 0.4, 0.7  # shares of a wall-clock budget after which parts end


class Fit:
    """Search, least squares, search from there, least squares.

    Args:
        case: Recordings and simulator.
        ledger: Of the study; what is finished there is not done again.
        clock: Is told how far it is, and says when to end.
        seed: Of everything that is drawn.
        workers: How many processes evaluate trials.
    """

    def __init__(self, case: Case, ledger: Ledger, clock: Clock, seed: int, workers: int) -> None:
        self._case, self._ledger, self._clock = case, ledger, clock
        self._seed, self._workers = seed, workers
        self._of = 0

    def run(self, trials: int) -> Linearised:
        """Fit with about so many trials."""
        case, clock, whole = self._case, self._clock, self._case.whole
        plan = plan_stages(case.free.names, trials)
        self._of = plan.trials
        clock.begin("search", self._ledger.finished)
        best = self._search(plan.early, (case.free.start, np.inf), _EARLY)
        point = self._least_squares(0, best[0], _MIDDLE)
        clock.begin("search", self._ledger.finished)
        best = self._search(plan.late, self._best_valley(point), _LATE)
        point = self._least_squares(1, best[0], 1.0)
        whole.rescale(point)
        slopes = jacobian(whole.residuals, point, PASSES[1][0])
        return Linearised(point, whole.residuals(point[None])[0], slopes)

    def _search(
        self, stages: Sequence[Stage], best: tuple[Floats, float], until: float
    ) -> tuple[Floats, float]:
        for stage in stages:

            def go_on(lowest: float, name: str = stage.name) -> bool:
                self._clock.report(self._ledger.finished, self._of, lowest, name)
                return not self._clock.late(until)

            best = run_stage(
                self._ledger,
                self._case.problem,
                stage,
                best,
                self._seed,
                workers=self._workers,
                go_on=go_on,
            )
        return best

    def _best_valley(self, point: Floats) -> tuple[Floats, float]:
        points = valleys(self._case.free, point)
        self._of += len(points)
        results = run_population(
            self._ledger, self._case.problem, Place("valleys", 0), points, workers=self._workers
        )
        lowest = int(np.argmin(results.values))
        return results.points[lowest], float(results.values[lowest])

    def _least_squares(self, number: int, start: Floats, until: float) -> Floats:
        """A pass from a start to the bottom; what was done before is taken as it was."""
        place, whole, clock = Place("least squares", number), self._case.whole, self._clock
        self._of += 1
        if (known := self._ledger.results(place, 1)) is not None:
            return known.points[0]
        step, most = PASSES[number]
        clock.begin("least squares", 0)
        done = 0

        def go_on(loss: float) -> bool:
            nonlocal done
            done += 1
            clock.report(done, most, loss)
            return not clock.late(until)

        whole.rescale(start)  # errors of the start are no outliers
        prior = self._case.free.vector(PhysicsParameters.nominal(self._case.free.rig))
        fit = least_squares(whole.residuals, start, prior, step=step, most=most, go_on=go_on)
        cost = self._case.problem.costs(fit[None], np.array([np.inf]))[0][1]
        self._ledger.record(place, fit, float("inf") if cost is None else cost)
        return fit

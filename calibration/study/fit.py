"""The fit itself: what follows what."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from calibration.study.case import Case
from calibration.study.clock import Clock
from calibration.study.divisions import Solve, best_division, delay_columns
from calibration.study.ledger import Ledger, Place
from calibration.study.polish import PRIOR_STD, Linearised, least_squares
from calibration.study.slopes import AlongCurvature, AlongEntries, Slopes
from calibration.study.stages import Stage, plan_stages, trials_of
from calibration.study.trials import run_stage
from sim import PhysicsParameters

Floats = NDArray[np.float64]

MOTION, VALLEY, DIVISION, BOTTOM = 4, 5, 8, 5
"""Most iterations of the passes of least squares. The second comes near the bottom for whatever
division of the delay the search found, the third looks at others with the slopes of the second."""

WIDE, NARROW = 1e-2, 4e-3
"""Finite differences of the first pass, that see past the grain of contacts, and of the others."""

_SEARCHED, _MOVED, _NEAR, _DIVIDED = 0.3, 0.4, 0.65, 0.75  # shares of a budget: when parts end


class Fit:
    """Search, then least squares: the motion, how the delay divides, all of it to the bottom.

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
        self._prior = case.free.vector(PhysicsParameters.nominal(case.free.rig))

    def run(self, trials: int) -> Linearised:
        """Fit with about so many trials."""
        case, clock, whole = self._case, self._clock, self._case.whole
        stages = plan_stages(case.free.names, trials)
        self._of = trials_of(stages)
        clock.begin("search", self._ledger.finished)
        best, _ = self._search(stages)
        point = self._pass("motion", best, AlongEntries(whole.residuals, WIDE), MOTION, _MOVED)
        point = self._pass("valley", point, self._along(), VALLEY, _NEAR)
        whole.rescale(point, of_events=False)  # in the wrong division keys are late by much
        along = self._along()
        for _ in range(2):  # the second time along the right axes
            slopes = along(point, whole.residuals(point[None])[0])
        point = best_division(case.free, point, self._divided(slopes))
        point = self._pass("bottom", point, self._along(along.axes), BOTTOM, 1.0)
        whole.rescale(point)
        there = whole.residuals(point[None])[0]
        return Linearised(point, there, self._along(along.axes)(point, there))

    def _along(self, axes: Floats | None = None) -> AlongCurvature:
        return AlongCurvature(self._case.whole.residuals, NARROW, PRIOR_STD, axes)

    def _search(self, stages: Sequence[Stage]) -> tuple[Floats, float]:
        best = (self._case.free.start, np.inf)
        for stage in stages:

            def go_on(lowest: float, name: str = stage.name) -> bool:
                self._clock.report(self._ledger.finished, self._of, lowest, name)
                return not self._clock.late(_SEARCHED)

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

    def _pass(self, name: str, start: Floats, slopes: Slopes, most: int, until: float) -> Floats:
        """Least squares with all entries."""
        self._case.whole.rescale(start)  # errors of the start are no outliers
        return self._least_squares(Place(name, 0), start, slopes, most, until=until)[0]

    def _divided(self, slopes: Floats) -> Solve:
        """Least squares for one division of the delay after the other, each kept."""
        numbers, held = count(), delay_columns(self._case.free)

        def solve(start: Floats) -> tuple[Floats, float]:
            place = Place("divisions", next(numbers))
            return self._least_squares(
                place, start, lambda *_: slopes, DIVISION, until=_DIVIDED, held=held
            )

        return solve

    def _least_squares(
        self,
        place: Place,
        start: Floats,
        slopes: Slopes,
        most: int,
        *,
        until: float,
        held: Sequence[int] = (),
    ) -> tuple[Floats, float]:
        """From a start to the bottom and its cost; what was done before is taken as it was."""
        whole, clock = self._case.whole, self._clock
        if (known := self._ledger.results(place, 1)) is not None:
            return known.points[0], float(known.values[0])
        clock.begin(f"least squares: {place.stage}", 0)
        done, cut = 0, False

        def go_on(loss: float) -> bool:
            nonlocal done, cut
            done, cut = done + 1, clock.late(until)
            clock.report(done, most, loss)
            return not cut

        fit = least_squares(
            whole.residuals, start, self._prior, slopes, most, held=held, go_on=go_on
        )
        cost = float(whole.cost(fit[None])[0])
        if not cut:  # with more time it goes further
            self._ledger.record(place, fit, cost)
        return fit, cost

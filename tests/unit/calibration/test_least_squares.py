"""Least squares and what it says of how sure it is."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.study.intervals import Certainty, certainty
from calibration.study.polish import PRIOR_STD, Linearised, least_squares
from calibration.study.slopes import AlongCurvature, AlongEntries
from tests.unit.calibration.oscillator import TRUTH, Oscillator

MIDDLE = np.full(4, 0.5)


@pytest.mark.parametrize("seed", range(5))
def test_slopes_along_the_curvature_see_what_nearly_cancels(seed: int) -> None:
    """Two entries that nearly make up for each other, and grain like that of contacts."""
    rng = np.random.default_rng(seed)
    together, apart, other = rng.normal(size=(3, 400))
    truth = np.array([0.62, 0.41, 0.55])
    waves = rng.normal(size=(3, 400)) * 4000.0

    def residuals(z: np.ndarray) -> np.ndarray:
        a, b, c = (z - truth).T
        signal = np.outer(20 * (a + b), together) + np.outer(0.6 * (a - b), apart)
        return np.asarray(signal + np.outer(2 * c, other) + 2e-3 * np.sin(z @ waves))

    start = np.array([0.5, 0.53, 0.5])
    slopes = AlongCurvature(residuals, 4e-3, PRIOR_STD)
    fit = least_squares(residuals, start, start, slopes, 6)
    assert np.abs(fit - truth).max() < 0.02


def test_least_squares_ends_at_the_truth_and_tells_what_it_cannot_know() -> None:
    part = Oscillator(0.0, 6.0)
    start = np.array([0.6, 0.6, 0.3, 0.5])
    sure = fitted(part, start)
    fit = sure.point
    assert np.abs(fit - TRUTH)[:3].max() < 0.01
    assert sure.identifiable.tolist() == [True, True, True, False]
    assert not sure.on_bound.any()
    assert (sure.low[:3] <= TRUTH[:3]).all()
    assert (sure.high[:3] >= TRUTH[:3]).all()
    assert sure.high[3] - sure.low[3] > 0.9


def fitted(part: Oscillator, start: np.ndarray) -> Certainty:
    slopes = AlongEntries(part.residuals, 1e-4)
    fit = least_squares(part.residuals, start, MIDDLE, slopes, 30)
    there = part.residuals(fit[None])[0]
    return certainty(Linearised(fit, there, slopes(fit, there)))


def test_entries_that_are_held_stay() -> None:
    part = Oscillator(0.0, 6.0)
    start = np.array([0.6, 0.6, 0.3, 0.5])
    fit = least_squares(
        part.residuals, start, MIDDLE, AlongEntries(part.residuals, 1e-4), 9, held=[1]
    )
    assert fit[1] == start[1]
    assert (fit[[0, 2]] != start[[0, 2]]).all()


def test_a_fit_that_would_go_beyond_a_bound_says_so() -> None:
    part = Oscillator(0.0, 6.0, np.array([0.42, 0.3, 1.3, 0.5]))  # later than it may be
    sure = fitted(part, MIDDLE)
    assert sure.on_bound.tolist() == [False, False, True, False]
    assert not sure.identifiable[2]

"""How sure a fit is: intervals, and which parameters the recordings tell at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.residuals import STATE_DELAY, FreeParameters
from calibration.study.polish import PRIOR_STD, Linearised

Floats = NDArray[np.float64]

BLOCK = 1000
"""Neighbouring residuals that are resampled together: half a second of 17 joints, which is longer
than servos remember."""

IDENTIFIED = 0.5
"""A parameter is identifiable when its interval is narrower than this share of its bounds'."""

ON_BOUND = 0.005
"""Closer to a bound than this share of the way between both, a parameter sits on it."""

_FEWEST_BLOCKS = 50  # fewer say too little of their scatter

_TWO_SIDED_95 = 1.959964


@dataclass(frozen=True, eq=False)
class Certainty:
    """A fit and how sure it is, in the unit cube.

    Attributes:
        point: The fit, shape `(d,)`.
        low: Lower end of the 95 % interval, shape `(d,)`.
        high: Upper end, shape `(d,)`.
        identifiable: Whether the recordings tell the entry, shape `(d,)` bool.
        on_bound: Whether it sits on a bound, shape `(d,)` bool.
    """

    point: Floats
    low: Floats
    high: Floats
    identifiable: NDArray[np.bool_]
    on_bound: NDArray[np.bool_]


def certainty(fit: Linearised) -> Certainty:
    """95 % intervals of a fit, clipped to its bounds.

    The covariance is that of a block bootstrap of the residuals, to first order: H^-1 S H^-1 with
    the curvature H and the scatter S of the gradients of blocks (Kuensch, *The jackknife and the
    bootstrap for general stationary observations*, 1989; White's sandwich with blocks). Residuals
    of one movement repeat each other and hold errors of the model as well as noise: taking them
    for independent noise would make the intervals many times too narrow. They are never narrower
    than that. The prior, which keeps what is not told within the bounds, is one more block.
    """
    half = _TWO_SIDED_95 * np.sqrt(_variances(fit))
    on_bound = (fit.point < ON_BOUND) | (fit.point > 1.0 - ON_BOUND)
    return Certainty(
        fit.point,
        np.clip(fit.point - half, 0.0, 1.0),
        np.clip(fit.point + half, 0.0, 1.0),
        (2 * half < IDENTIFIED) & ~on_bound,
        on_bound,
    )


def as_written(free: FreeParameters, sure: Certainty) -> Certainty:
    """What a file will say: the release point below the trigger, and all in their intervals.

    Args:
        free: What the entries mean.
        sure: The fit.
    """
    point = free.vector(free.parameters(sure.point), free.state_delay_s(sure.point))
    low, high = np.minimum(sure.low, point), np.maximum(sure.high, point)
    return replace(sure, point=point, low=low, high=high)


def intervals_of(free: FreeParameters, sure: Certainty) -> dict[str, tuple[float, float]]:
    """95 % intervals of the physics parameters in SI units; values are in them to the last bit.

    Args:
        free: What the entries mean.
        sure: The fit as it is written.
    """
    fit = free.parameters(sure.point).values
    low, high = free.values(sure.low).tolist(), free.values(sure.high).tolist()
    ends = zip(free.names, low, high, strict=True)
    return {n: (min(a, fit[n]), max(b, fit[n])) for n, a, b in ends if n != STATE_DELAY}


def _variances(fit: Linearised) -> Floats:
    """Of the entries, shape `(d,)`."""
    m, d = fit.jacobian.shape
    curvature = fit.jacobian.T @ fit.jacobian
    gradients = fit.jacobian * fit.residuals[:, None]
    edges = np.arange(0, m, min(BLOCK, max(m // _FEWEST_BLOCKS, 1)))
    blocks = np.add.reduceat(gradients, edges, axis=0)
    scatter = blocks.T @ blocks
    # As if the data were independent, with as much noise as the scatter says: then the prior
    # weighs what it should against them.
    noise = float(np.mean(fit.residuals**2))
    inflation = max(float(np.trace(np.linalg.pinv(curvature) @ scatter)) / d, noise, 1e-12)
    prior = np.eye(d) / PRIOR_STD**2
    inverse = np.linalg.inv(curvature / inflation + prior)
    sandwich = inverse @ (scatter / inflation**2 + prior) @ inverse
    independent = np.linalg.inv(curvature / noise + prior)
    return np.maximum(np.diag(sandwich), np.diag(independent))

"""What an optimiser minimises: residuals and cost of vectors of free parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.residuals.free import FreeParameters
from calibration.residuals.segment import Segment
from sim import Rig

Floats = NDArray[np.float64]

INFEASIBLE = 100.0
"""Residual of parameters with which nobody could play, in standard deviations."""


class Objective:
    """Residuals of segments as functions of vectors of free parameters.

    Args:
        rig: Whose segments they are.
        training: What to replay.
        free: What the vectors mean.
        threads: Number of threads, 0 for one a core.

    Attributes:
        names: Of the entries of a vector.

    Raises:
        CalibrationError: No segments, more than 60 s of them, or no key event in any.
    """

    def __init__(
        self, rig: Rig, training: Sequence[Segment], free: FreeParameters, threads: int = 0
    ) -> None:
        self.free, self.names = free, free.names
        self._training, self._rig, self._threads = tuple(training), rig, threads

    def residuals(self, zs: ArrayLike) -> Floats:
        """Scaled residuals for least squares: 1 is one standard deviation of the noise.

        Args:
            zs: Vectors, shape `(k, d)`.

        Returns:
            Shape `(k, m)`, finite; large where nobody could play.
        """
        raise NotImplementedError

    def cost(self, zs: ArrayLike) -> Floats:
        """Mean of the Huber loss over the residuals, for searches that only compare.

        Args:
            zs: Vectors, shape `(k, d)`.

        Returns:
            Shape `(k,)`, finite.
        """
        raise NotImplementedError

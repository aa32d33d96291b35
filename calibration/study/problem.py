"""What a study minimises: a first part of the recordings that says whether the rest is worth it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Residuals(Protocol):
    """What a part of the recordings says about points; see `calibration.residuals.Objective`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the entries of a point."""

    def residuals(self, zs: ArrayLike) -> Floats:
        """Scaled residuals of points, shape `(k, d)` to `(k, m)`; finite."""

    def cost(self, zs: ArrayLike) -> Floats:
        """Mean loss of the residuals of points, shape `(k, d)` to `(k,)`; finite."""


@dataclass(frozen=True, eq=False)
class Problem:
    """The recordings in two parts.

    Attributes:
        first: About a third of what is replayed.
        rest: The other parts; None when there is too little to divide.
        share: Share of the first part in the cost of all, 0 to 1.
    """

    first: Residuals
    rest: Residuals | None
    share: float

    @classmethod
    def of(cls, first: Residuals, rest: Residuals | None, point: Floats) -> Problem:
        """Divide the cost as the residuals at some point, shape `(d,)`, are divided."""
        if rest is None:
            return cls(first, None, 1.0)
        counts = [part.residuals(point[None]).shape[1] for part in (first, rest)]
        return cls(first, rest, counts[0] / sum(counts))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the entries of a point."""
        return self.first.names

    def costs(self, points: Floats, prune_above: Floats) -> list[tuple[float, float | None]]:
        """Costs of points.

        Args:
            points: Shape `(k, d)`.
            prune_above: Cost of the first part above which the rest is left out, shape `(k,)`.

        Returns:
            For each point the cost of the first part, and of all; None where that was left out.
        """
        firsts = self.first.cost(points)
        if self.rest is None:
            return [(float(first), float(first)) for first in firsts]
        worth = np.flatnonzero(firsts <= prune_above)
        wholes: list[float | None] = [None] * len(points)
        if len(worth):
            rests = self.rest.cost(points[worth])
            for index, rest in zip(worth.tolist(), rests, strict=True):
                wholes[index] = float(self.share * firsts[index] + (1 - self.share) * rest)
        return list(zip(firsts.tolist(), wholes, strict=True))

"""What an optimiser minimises: residuals and cost of vectors of free parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.errors import CalibrationError
from calibration.residuals.free import FreeParameters
from calibration.residuals.gap import Gap, gap_of
from calibration.residuals.replayer import Replay, Replayer
from calibration.residuals.residuals import Residuals, residuals, robust
from calibration.residuals.scales import Scales
from calibration.residuals.segment import Segment
from sim import PhysicsParameters, Rig

Floats = NDArray[np.float64]

INFEASIBLE = 50.0
"""Residual of parameters with which nobody could play, in standard deviations."""


class Objective:
    """Residuals of segments as functions of vectors of free parameters.

    Args:
        rig: Whose segments they are.
        training: What to replay.
        free: What the vectors mean.
        threads: Number of threads, 0 for one a core.
        scales: Of the residuals; the noise of the segments when left out.

    Attributes:
        free: What the vectors mean.
        names: Of the entries of a vector.
        scales: Of the residuals.

    Raises:
        CalibrationError: No segments, more than 60 s of them, or no key event in any.
    """

    def __init__(
        self,
        rig: Rig,
        training: Sequence[Segment],
        free: FreeParameters,
        threads: int = 0,
        scales: Scales | None = None,
    ) -> None:
        self.free, self.names = free, free.names
        self._replayer = Replayer(rig, training, threads)
        if not any(segment.compared_events.any() for segment in training):
            raise CalibrationError(
                "no key event in anything to learn from: the keyboard's place cannot be fitted; "
                "check that it is connected and record again"
            )
        self._noise = Scales.of(rig, training) if scales is None else scales
        self.scales = self._noise
        self._size = 0

    def residuals(self, zs: ArrayLike) -> Floats:
        """Scaled residuals for least squares: 1 is one standard deviation of the noise.

        Outliers are drawn in (`robust`), so the sum of squares is twice a Huber loss.

        Args:
            zs: Vectors, shape `(k, d)`.

        Returns:
            Shape `(k, m)`, finite; large where nobody could play.
        """
        rows = [_row(replays, self.scales) for replays in self.replays(zs)]
        self._size = self._size or self._row_size(rows)
        out = np.full((len(rows), self._size), INFEASIBLE)
        for place, row in enumerate(rows):
            if row is not None:
                out[place] = _finite(row)
        return out

    def cost(self, zs: ArrayLike) -> Floats:
        """Half the mean square of the residuals, for searches that only compare.

        Args:
            zs: Vectors, shape `(k, d)`.

        Returns:
            Shape `(k,)`, finite.
        """
        return np.asarray(0.5 * np.mean(self.residuals(zs) ** 2, axis=1))

    def replays(self, zs: ArrayLike) -> list[tuple[Replay, ...] | None]:
        """The replays behind, for each vector one a segment; None where nobody could play."""
        vectors = np.atleast_2d(np.asarray(zs, np.float64))
        sets = [self.free.parameters(z) for z in vectors]
        return self._replayer.replay(sets, [self.free.state_delay_s(z) for z in vectors])

    def replay(
        self, parameters: PhysicsParameters, state_delay_s: float
    ) -> tuple[Replay, ...] | None:
        """The replays of parameters as they are, also beyond the bounds of what is free."""
        return self._replayer.replay([parameters], state_delay_s)[0]

    def cost_of(self, replays: tuple[Replay, ...] | None) -> float:
        """The cost of some replays; that of the worst where nobody could play."""
        row = _row(replays, self.scales)
        errors = np.array([INFEASIBLE]) if row is None else _finite(row)
        return float(0.5 * np.mean(errors**2))

    def gap(self, z: ArrayLike) -> Gap | None:
        """What simulator and recordings differ in with one vector; None where nobody could play."""
        replays = self.replays(z)[0]
        return None if replays is None else gap_of(replays)

    def rescale(self, z: ArrayLike, *, of_events: bool = True) -> None:
        """Take the errors that one vector leaves for the noise, where they are larger.

        Far from the optimum that draws far errors into the part of the loss that is a parabola, in
        the end it weighs the kinds of residuals by how well they can be fitted at all. It changes
        what residuals and costs mean: compare none from before with any from after.

        Args:
            z: The vector, shape `(d,)`.
            of_events: Whether that goes for key times, too.
        """
        replays = self.replays(z)[0]
        if replays is not None:
            each = [residuals(replay, self._noise).errors for replay in replays]
            kinds = {kind for errors in each for kind in errors}
            joined = {
                kind: np.concatenate([errors[kind] for errors in each if kind in errors])
                for kind in kinds
            }
            self.scales = self._noise.fitted(joined, of_events=of_events)

    def _row_size(self, rows: Sequence[Floats | None]) -> int:
        """Length of a row, which does not depend on the parameters."""
        known = next((row for row in rows if row is not None), None)
        if known is None:
            known = _row(self.replays(self.free.start)[0], self.scales)
        if known is None:
            raise CalibrationError(
                "nobody could play with the parameters to start from: start from the rig's own"
            )
        return len(known)


def _finite(row: Floats) -> Floats:
    return np.nan_to_num(row, nan=INFEASIBLE, posinf=INFEASIBLE)


def _row(replays: tuple[Replay, ...] | None, scales: Scales) -> Floats | None:
    if replays is None:
        return None
    return np.concatenate([_robust(residuals(replay, scales)) for replay in replays])


def _robust(of_one: Residuals) -> Floats:
    return np.concatenate(
        [of_one.weights[kind] * robust(errors.ravel()) for kind, errors in of_one.errors.items()]
    )

"""How large each kind of residual is when only noise is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.residuals.noise import reading_noise
from calibration.residuals.segment import Segment
from sim import Rig

Floats = NDArray[np.float64]

RAIL_M_PER_RAD = 0.04
"""Makes floors of the fingers into those of the rail [m/rad]: about the radius of its pulley."""

POSITION_FLOOR_RAD = 1e-3
"""No simulated joint is nearer to a real one [rad]: gears, cables and contacts see to it."""
VELOCITY_FLOOR_RAD_PER_S = 0.03
EVENT_S = 0.003
"""Spread of key times [s]: 1.4 ms from a grid of 5 ms, the rest from jitter of commands."""
EVENT_MOST_S = 0.015
"""Most that the spread of key times is taken for [s]: what is later is an error to be fitted."""
REACH_S = 0.3
"""Simulated and recorded event of a key belong together up to this distance [s]."""
MISSED_S = 0.05
"""What a missed event counts as being late [s]: more, and one that comes and goes would outweigh
what all others say of when they were."""
DEPTH = 0.05
"""Spread of how deep a key goes, in travels."""
EFFORT_SHARE = 0.1
"""Spread of what motors say of their torque, as a share of their limit: friction hides in it."""
MEMORY_S = 0.5
"""Errors of joints last about so long, a movement [s]: readings nearer to each other are not
independent, and a hundred key events have to be heard beside ten thousand of them."""


@dataclass(frozen=True, eq=False)
class Scales:
    """Standard deviation of each kind of residual, `n` joints.

    Attributes:
        position: Shape `(n,)` [m for the rail, rad].
        velocity: Shape `(n,)` [m/s for the rail, rad/s].
        effort: Shape `(n,)` [N for the rail, Nm].
        event_s: Of key times [s].
        depth: Of key depths, in travels.
    """

    position: Floats
    velocity: Floats
    effort: Floats
    event_s: float = EVENT_S
    depth: float = DEPTH

    @classmethod
    def of(cls, rig: Rig, segments: Sequence[Segment]) -> Scales:
        """The noise of the readings themselves, above floors for what no simulator has."""
        radius = np.array([RAIL_M_PER_RAD, *[1.0] * (len(rig.joint_names) - 1)])
        limits = [rig.rail.force_limit_n, *[rig.finger.torque_limit_nm] * (len(radius) - 1)]
        position = _noise([segment.positions for segment in segments])
        velocity = _noise([segment.velocities for segment in segments])
        return cls(
            np.hypot(position, radius * POSITION_FLOOR_RAD),
            np.hypot(velocity, radius * VELOCITY_FLOOR_RAD_PER_S),
            EFFORT_SHARE * np.array(limits),
        )

    def fitted(self, errors: Mapping[str, Floats], *, of_events: bool = True) -> Scales:
        """The same, but as large as the errors that a fit leaves where these are larger.

        A simulator that lacks an effect leaves errors far above the noise; taken for noise of that
        size, they do not drown what can be learned from the other kinds.

        Args:
            errors: By kind: `position`, `velocity`, `effort` of shape `(t, n)`, `onset`,
                `release` of shape `(e,)`, all in these scales.
            of_events: Whether that goes for key times, too.
        """
        known = {"position": self.position, "velocity": self.velocity, "effort": self.effort}
        grown = {
            kind: scale * np.maximum(_spread(errors[kind]), 1.0) if kind in errors else scale
            for kind, scale in known.items()
        }
        if not of_events:
            return Scales(**grown, event_s=self.event_s, depth=self.depth)
        events = np.concatenate([errors["onset"], errors["release"]])
        heard = events[np.abs(events) * self.event_s < REACH_S]  # not keys that nobody came near
        event_s = self.event_s * max(_typical(heard), 1.0)
        event_s = max(min(event_s, EVENT_MOST_S), self.event_s)
        return Scales(**grown, event_s=event_s, depth=self.depth)


def _noise(pieces: Sequence[Floats]) -> Floats:
    """Median over segments, so that one at rest or in a hurry says nothing."""
    return np.nan_to_num(np.median([reading_noise(piece) for piece in pieces], axis=0))


def _typical(errors: Floats) -> float:
    """Standard deviation as the median tells it: some notes in twenty may be quite wrong."""
    return 1.4826 * float(np.median(np.abs(errors))) if len(errors) else 1.0


def _spread(errors: Floats) -> Floats:
    """Root mean square of each column without its largest twentieth, shape `(n,)`."""
    if not len(errors):
        return np.ones(errors.shape[1])
    squares = np.sort(np.nan_to_num(errors) ** 2, axis=0)
    return np.asarray(np.sqrt(squares[: max(int(0.95 * len(squares)), 1)].mean(axis=0)))

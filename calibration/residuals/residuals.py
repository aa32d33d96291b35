"""Residuals of a replay: what the simulator gets wrong, in standard deviations of the noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.residuals.compared import Events, compare_events
from calibration.residuals.motors import simulated_efforts
from calibration.residuals.replayer import Replay
from calibration.residuals.scales import MEMORY_S, MISSED_S, Scales
from sim import PHYSICS_STEP_S

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Residuals:
    """Scaled residuals of one replay; their number depends on the segment alone.

    Attributes:
        errors: By kind, in standard deviations: `position`, `velocity` and `effort` of shape
            `(t, n)`, 0 where nothing was read; `onset` and `release`, one a recorded event;
            `extra`, one a key.
        weights: What an error of each kind counts: readings that are not independent count less.
        events: The key events behind them.
    """

    errors: Mapping[str, Floats]
    weights: Mapping[str, float]
    events: Events

    @property
    def vector(self) -> Floats:
        """All of them, each times its weight, shape `(m,)`."""
        return np.concatenate([self.weights[k] * e.ravel() for k, e in self.errors.items()])


def residuals(replay: Replay, scales: Scales) -> Residuals:
    """Compare a replay with its recording.

    Joint states are compared as they were read: with the simulated ones of `state_delay_s` before.
    A missed key event counts as one late, or early, by as much as two events may be apart, and by
    how far the key stayed from its trigger or release point.
    """
    segment, events = replay.segment, compare_events(replay)
    states = segment.compared_states
    positions, velocities = joint_errors(replay)
    errors = {"position": positions / scales.position, "velocity": velocities / scales.velocity}
    if np.isfinite(segment.efforts).any():
        efforts = simulated_efforts(replay, segment.state_time_s[states])
        errors["effort"] = _heard(efforts - segment.efforts[states]) / scales.effort
    missed = np.where(events.down, 1.0, -1.0) * (
        MISSED_S / scales.event_s + events.short / scales.depth
    )
    timing = np.where(np.isnan(events.late_s), missed, events.late_s / scales.event_s)
    errors |= {
        "onset": timing[events.down],
        "release": timing[~events.down],
        "extra": events.extra / scales.depth,
    }
    period_s = float(np.median(np.diff(segment.state_time_s))) if states.sum() > 1 else MEMORY_S
    dense = min(np.sqrt(period_s / MEMORY_S), 1.0)
    joint = ("position", "velocity", "effort")
    return Residuals(errors, {k: dense if k in joint else 1.0 for k in errors}, events)


def robust(values: Floats, limit: float = 3.0) -> Floats:
    """Residuals whose squares grow like Huber's loss: far ones pull with less than their size.

    With `limit` c the square of the result is 2 c² (√(1 + (r / c)²) - 1), the smooth form of Huber
    (1964); its sign is that of r, so least squares can be used as it is.
    """
    share = (values / limit) ** 2
    return np.asarray(
        np.sign(values) * limit * np.sqrt(2.0 * share / (np.sqrt(1.0 + share) + 1.0)), np.float64
    )


def _heard(errors: Floats) -> Floats:
    """Errors where something was read, else 0."""
    return np.where(np.isfinite(errors), errors, 0.0)


def joint_errors(replay: Replay) -> tuple[Floats, Floats]:
    """Simulated minus read positions and velocities at the compared joint states.

    Returns:
        Two arrays of shape `(t, n)` [m, m/s for the rail, rad, rad/s]; 0 where nothing was read.
    """
    segment, positions = replay.segment, replay.positions
    states = segment.compared_states
    velocities = np.diff(positions, axis=0, prepend=positions[:1]) / PHYSICS_STEP_S
    velocities[0] = segment.start_velocities
    read_s = segment.state_time_s[states] - replay.state_delay_s
    step = np.clip(read_s / PHYSICS_STEP_S, 0.0, len(positions) - 1.0)
    before = np.minimum(step.astype(np.intp), len(positions) - 2)
    share = (step - before)[:, None]

    def at(rows: Floats) -> Floats:
        return np.asarray((1 - share) * rows[before] + share * rows[before + 1])

    return (
        _heard(at(positions) - segment.positions[states]),
        _heard(at(velocities) - segment.velocities[states]),
    )

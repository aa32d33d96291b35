"""A performance as a movement: where joints and keys were at any moment of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from score import Goals, Hold, KeyEvent, holds_of_events

_KEY_MOVE_S = 0.05  # from rest to the stop
_STRIKE_DEPTH, _LEAVE_DEPTH = 0.5, 0.4  # where a key is when it begins and ceases to sound
_HELD_DEPTH = 0.85


@dataclass(frozen=True, eq=False)
class Replay:
    """What was due, what sounded and how the hand moved.

    Attributes:
        goals: what was due.
        events: what the keyboard reported.
        times_s: score times of the joint positions, ascending, shape ``(n_times,)`` [s].
        joint_positions: shape ``(n_times, n_joints)`` [m for the rail, rad].
    """

    goals: Goals
    events: tuple[KeyEvent, ...]
    times_s: NDArray[np.float64]
    joint_positions: NDArray[np.float64]

    @property
    def duration_s(self) -> float:
        """Length of the performance [s]."""
        return self.goals.duration_s

    @cached_property
    def holds(self) -> tuple[Hold, ...]:
        """The keys held down, sorted by start."""
        return holds_of_events(self.events)

    def joints_at(self, time_s: float) -> NDArray[np.float64]:
        """Joint positions between the recorded ones, shape ``(n_joints,)``."""
        columns = self.joint_positions.T
        return np.array([np.interp(time_s, self.times_s, column) for column in columns])

    def key_depth_at(self, time_s: float) -> NDArray[np.float64]:
        """How far the keys are down, as fractions of their travel, shape ``(n_keys,)``.

        Only the moments of sounding are known; between them a key moves evenly.
        """
        depth = np.zeros(self.goals.n_keys)
        for hold in self.holds:
            down = _STRIKE_DEPTH + (time_s - hold.start_s) / _KEY_MOVE_S
            up = _LEAVE_DEPTH - (time_s - hold.end_s) / _KEY_MOVE_S
            depth[hold.key] = max(depth[hold.key], min(down, up, _HELD_DEPTH))
        return depth

    def sounding_at(self, time_s: float) -> frozenset[int]:
        """Keys that sound."""
        return frozenset(hold.key for hold in self.holds if hold.start_s <= time_s < hold.end_s)

    def due_at(self, time_s: float) -> frozenset[int]:
        """Keys that should sound."""
        notes = self.goals.score.notes
        lowest = self.goals.lowest_pitch
        return frozenset(n.pitch - lowest for n in notes if n.start_s <= time_s < n.end_s)

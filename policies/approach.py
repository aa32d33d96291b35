"""Getting to the start posture before a song: slowly, and only then does the song begin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from sim import RAIL
from sim.ramps import PEAK_OVER_MEAN, minimum_jerk

Array = NDArray[np.float64]

PATIENCE_S = 3.0
"""How long the hand may take to settle after the way [s]."""

_SHORTEST_S = 0.3


class Approach:
    """A minimum-jerk way from where the joints are to a posture, and whether they got there.

    Args:
        goal: The posture, shape `(n,)` [m for the rail, rad].
        joint_names: Joints in that order; the rail is known by its name.
    """

    def __init__(self, goal: Array, joint_names: Sequence[str]) -> None:
        on_rail = np.array([name == RAIL for name in joint_names])
        self._goal = np.array(goal, np.float64)
        self._names = tuple(joint_names)
        self._peak_speed = np.where(on_rail, 0.25, 2.0)  # m/s, rad/s: within every rig's motors
        self._near = np.where(on_rail, 0.003, 0.05)  # m, rad: friction and gravity leave less
        self._slow = np.where(on_rail, 0.005, 0.1)  # m/s, rad/s
        self._start: Array | None = None
        self._start_ns = 0
        self._duration_s = _SHORTEST_S

    def targets(self, time_ns: int, position: Array) -> Array:
        """Joint targets at a time, shape `(n,)`; the first call starts the way there."""
        if self._start is None:
            self._start, self._start_ns = position.copy(), time_ns
            fastest_s = np.abs(self._goal - position) * PEAK_OVER_MEAN / self._peak_speed
            self._duration_s = max(float(fastest_s.max()), _SHORTEST_S)
        x = min((time_ns - self._start_ns) / 1e9 / self._duration_s, 1.0)
        return self._start + minimum_jerk(x) * (self._goal - self._start)

    def arrived(self, time_ns: int, position: Array, velocity: Array) -> bool:
        """Whether the way is over and the joints rest in the posture.

        Raises:
            PolicyError: when they do not after 3 s; it names the joint that is farthest off.
        """
        elapsed_s = (time_ns - self._start_ns) / 1e9
        if elapsed_s < self._duration_s:
            return False
        error = np.abs(position - self._goal) / self._near
        if (error < 1).all() and (np.abs(velocity) < self._slow).all():
            return True
        if elapsed_s > self._duration_s + PATIENCE_S:
            worst = int(np.argmax(error))
            off = position[worst] - self._goal[worst]
            raise PolicyError(
                f"the hand did not come to rest in the start posture: joint {self._names[worst]} "
                f"is {off:+.3f} off; check that nothing blocks it and that its motor works"
            )
        return False

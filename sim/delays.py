"""Command delay: joint targets on their way to the servos.

A target that arrives within a physics step acts for the rest of it: servos are linear, so the mean
of the targets in force in a step gives the same impulse. So a delay need not be a multiple of the
physics step, and what the simulator does is continuous in it.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.model import PHYSICS_STEP_S, PHYSICS_STEPS_PER_CONTROL

Array = NDArray[np.float64]

_WHOLE = 1e-6  # of a physics step: delays so close to whole steps are whole


def in_physics_steps(delay_s: float) -> float:
    """A delay in physics steps; exactly whole where only rounding keeps it from that."""
    steps = delay_s / PHYSICS_STEP_S
    return float(round(steps)) if abs(steps - round(steps)) < _WHOLE else steps


class DelayLine:
    """Targets on their way to the servos of one rig, physics step by physics step."""

    def __init__(self, first: Array, delay_s: float) -> None:
        """As if targets ``first``, shape ``(n,)``, had been held for ever."""
        whole, self._share = divmod(in_physics_steps(delay_s), 1.0)
        self._under_way = deque([first] * (int(whole) + (self._share > 0)))

    def __call__(self, targets: Array) -> Array:
        """Send targets at the start of a physics step; return the mean of those in force in it."""
        self._under_way.append(targets)
        older = self._under_way.popleft()
        if not self._share:
            return older
        return older + (1 - self._share) * (self._under_way[0] - older)


class DelayLines:
    """The same for many rigs, each with its own delay, a control step at a time.

    Attributes:
        ages: how many control steps ago the targets in each column of the line were sent, 0 for the
            last ones, shape ``(width,)``.
    """

    def __init__(self, delays_s: ArrayLike, n_joints: int) -> None:
        """Make lines for delays of shape ``(n,)``."""
        delays = np.array([in_physics_steps(each) for each in np.asarray(delays_s, float)])
        whole = delays.astype(np.intp)
        self._share = (delays - whole)[:, None, None]
        longest = int(np.ceil(delays).max())
        width = longest + PHYSICS_STEPS_PER_CONTROL
        self._line = np.zeros((len(delays), width, n_joints))
        steps = longest + np.arange(PHYSICS_STEPS_PER_CONTROL)
        self._newer = (steps[None, :] - whole[:, None])[:, :, None]
        self._older = np.maximum(self._newer - 1, 0)
        self.ages = (width - 1 - np.arange(width)) // PHYSICS_STEPS_PER_CONTROL

    def fill(self, ids: NDArray[np.intp], targets: Array) -> None:
        """Say what was sent before to rigs ``ids``.

        Args:
            ids: which rigs.
            targets: shape ``(len(ids), width, n_joints)``, or ``(len(ids), 1, n_joints)`` for
                targets that had been held for ever.
        """
        self._line[ids] = targets

    def shift(self, targets: Array) -> Array:
        """Take new targets, ``(n, n_joints)``; give what servos get, ``(n, 10, n_joints)``."""
        line = self._line
        line[:, :-PHYSICS_STEPS_PER_CONTROL] = line[:, PHYSICS_STEPS_PER_CONTROL:].copy()
        line[:, -PHYSICS_STEPS_PER_CONTROL:] = targets[:, None]
        newer = np.take_along_axis(line, self._newer, axis=1)
        if not self._share.any():
            return newer
        older = np.take_along_axis(line, self._older, axis=1)
        return np.where(self._share > 0, older + (1 - self._share) * (newer - older), newer)

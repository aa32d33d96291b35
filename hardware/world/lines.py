"""The lines between player and rig: commands go out late, joint states come in late, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class CommandLine:
    """Joint targets on their way to the motors.

    What arrives within a physics step acts for the rest of it: servos are linear, so the mean
    target of the step gives the same impulse.

    Args:
        first: targets in force before any arrive, shape ``(n,)``.
        delays: how late each change of targets arrives, in physics steps.
    """

    def __init__(self, first: Array, delays: Iterator[float]) -> None:
        self._arrived = self._sent = first
        self._delays = delays
        self._under_way: deque[tuple[float, Array]] = deque()
        self._step, self._last_due = 0, 0.0

    def __call__(self, targets: Array) -> Array:
        """Send targets at the start of a physics step; return the mean of those in force in it."""
        if (targets != self._sent).any():  # held targets are sent once
            self._sent = targets.copy()
            self._last_due = max(self._step + next(self._delays), self._last_due)
            self._under_way.append((self._last_due, self._sent))
        self._step += 1
        mean = self._arrived
        while self._under_way and self._under_way[0][0] < self._step:
            due, arrived = self._under_way.popleft()
            rest = self._step - due
            mean = arrived if rest >= 1.0 else mean + rest * (arrived - self._arrived)
            self._arrived = arrived
        return mean


class StateLine:
    """Joint states on their way back, between physics steps where a delay ends there.

    Args:
        first: the state before the first step, any shape.
        delays: how old the state of one step after the other is, in physics steps.
        longest: the longest delay.
    """

    def __init__(self, first: Array, delays: Iterator[float], longest: float) -> None:
        self._delays = delays
        room = int(longest) + 3
        self._states = deque([first] * room, maxlen=room)
        self._age = 0.0

    def __call__(self, state: Array) -> Array:
        """Take the state at the end of a physics step; return the one that is read then."""
        self._states.append(state)
        self._age = min(next(self._delays), self._age + 1.0)  # never older than what was read
        whole = int(self._age)
        share = self._age - whole
        if share == 0.0:
            return self._states[-1 - whole]
        return (1 - share) * self._states[-1 - whole] + share * self._states[-2 - whole]

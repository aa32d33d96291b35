"""What is drawn anew in every trial: jitter of delays, noise of encoders.

The same world and trial give the same numbers, whatever is done with them in between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import repeat
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from hardware.world.world import World
from sim import PHYSICS_STEP_S

T = TypeVar("T")

RAIL_M_PER_RAD = 0.04
"""From the rail motor's angle to the rail [m/rad]: the effective radius of its pulley."""

SPEED_NOISE_PER_S = 20.0
"""Noise of velocities over that of positions [1/s]: a speed register filters over about 70 ms."""

_TRIAL = 2
"""Tells the random numbers of trials from those of the hidden physics."""

_BLOCK = 512  # numbers drawn at once: one by one they would take longer than the physics


class Draws:
    """The random numbers of one trial.

    Args:
        world: whose.
        trial: 0, 1, 2, ...
    """

    def __init__(self, world: World, trial: int) -> None:
        seeds = np.random.SeedSequence([_TRIAL, world.seed, trial]).spawn(3)
        self._commands, self._states, self._noise = map(np.random.default_rng, seeds)
        self._world = world

    def command_delays(self) -> Iterator[int]:
        """Physics steps by which one command after the other is late."""
        return _delays(self._commands, self._world.timing.command_delay_s, self._jitter_s)

    def state_delays(self) -> Iterator[int]:
        """Physics steps by which one joint state after the other is late."""
        return _delays(self._states, self._world.timing.state_delay_s, self._jitter_s)

    def noise(self, n_joints: int) -> Iterator[NDArray[np.float64]]:
        """What encoders add, rail first: rows of positions and velocities, shape ``(2, n)``."""
        spread = np.full((2, n_joints), self._world.sensing.encoder_noise_rad)
        spread[:, 0] *= RAIL_M_PER_RAD
        spread[1] *= SPEED_NOISE_PER_S
        if not spread.any():
            yield from repeat(spread)
        while True:
            yield from self._noise.standard_normal((_BLOCK, 2, n_joints)) * spread

    @property
    def _jitter_s(self) -> float:
        return self._world.timing.jitter_s


def _delays(rng: np.random.Generator, delay_s: float, jitter_s: float) -> Iterator[int]:
    if jitter_s == 0.0:
        yield from repeat(round(delay_s / PHYSICS_STEP_S))
    while True:
        late_s = delay_s + rng.uniform(-jitter_s, jitter_s, _BLOCK)
        yield from np.rint(np.maximum(late_s, 0.0) / PHYSICS_STEP_S).astype(int).tolist()


class DelayLine(Generic[T]):
    """A line on which things arrive late, but in order.

    Args:
        first: what is there before anything has arrived.
        delays: how many steps each is late.
    """

    def __init__(self, first: T, delays: Iterator[int]) -> None:
        self._arrived = first
        self._delays = delays
        self._under_way: deque[tuple[int, T]] = deque()
        self._step, self._last_due = 0, 0

    def __call__(self, sent: T) -> T:
        """Send one thing at each step; return the newest that has arrived."""
        self._last_due = max(self._step + next(self._delays), self._last_due)
        self._under_way.append((self._last_due, sent))
        while self._under_way and self._under_way[0][0] <= self._step:
            self._arrived = self._under_way.popleft()[1]
        self._step += 1
        return self._arrived

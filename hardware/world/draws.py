"""What is drawn anew in every trial: jitter of delays, noise of encoders.

The same world and trial give the same numbers, whatever is done with them in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from hardware.world.world import World
from sim import PHYSICS_STEP_S
from sim.delays import in_physics_steps

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

    def command_delays(self) -> Iterator[float]:
        """How late one command after the other is, in physics steps."""
        return self._delays(self._commands, self._world.timing.command_delay_s)

    def state_delays(self) -> Iterator[float]:
        """How late one joint state after the other is, in physics steps."""
        return self._delays(self._states, self._world.timing.state_delay_s)

    def noise(self, n_joints: int) -> Iterator[NDArray[np.float64]]:
        """What encoders add, rail first: rows of positions and velocities, shape ``(2, n)``."""
        spread = np.full((2, n_joints), self._world.sensing.encoder_noise_rad)
        spread[:, 0] *= RAIL_M_PER_RAD
        spread[1] *= SPEED_NOISE_PER_S
        if not spread.any():
            yield from repeat(spread)
        while True:
            yield from self._noise.standard_normal((_BLOCK, 2, n_joints)) * spread

    def _delays(self, rng: np.random.Generator, delay_s: float) -> Iterator[float]:
        jitter_s = self._world.timing.jitter_s
        if jitter_s == 0.0:
            yield from repeat(in_physics_steps(delay_s))
        while True:
            late_s = delay_s + rng.uniform(-jitter_s, jitter_s, _BLOCK)
            yield from (np.maximum(late_s, 0.0) / PHYSICS_STEP_S).tolist()

"""What a policy reads of the joints: their state with the noise of real encoders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from policies.policy import Observation
from sim import by_kind

READING_RAD, READING_M = 0.001, 0.0001
"""Standard deviation of the noise on the joint positions that a policy sees."""

SPEED_RAD_PER_S, SPEED_M_PER_S = 0.02, 0.002
"""The same on the joint velocities: about one unit of a servo's speed register."""


class ReadingNoise:
    """Adds noise to joint states; keeps its arrays, so that nothing is allocated while playing.

    Attributes:
        scale: standard deviations of positions and velocities, two rows of ``n_joints``, with axes
            of length 1 between that broadcast.

    Args:
        joint_names: of the last axis of joint positions and velocities.
        shape: of the axes before it.
    """

    def __init__(self, joint_names: Sequence[str], shape: tuple[int, ...] = ()) -> None:
        position = by_kind(joint_names, slide=READING_M, hinge=READING_RAD)
        velocity = by_kind(joint_names, slide=SPEED_M_PER_S, hinge=SPEED_RAD_PER_S)
        self.scale = np.stack([position, velocity]).reshape(2, *(1 for _ in shape), -1)
        self._noise = np.zeros((2, *shape, len(joint_names)))

    def __call__(self, observation: Observation, rng: np.random.Generator) -> Observation:
        """The observation with noise on the joint states; these arrays hold until the next call."""
        rng.standard_normal(out=self._noise)
        self._noise *= self.scale
        self._noise[0] += observation["joint_positions"]
        self._noise[1] += observation["joint_velocities"]
        return {
            **observation,
            "joint_positions": self._noise[0],
            "joint_velocities": self._noise[1],
        }

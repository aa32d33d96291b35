"""A planned song."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.policy import Observation
from score import CONTROL_STEP_S

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """A planned song: a table of joint targets looked up by score time.

    Attributes:
        rig: name of the rig.
        joint_names: joints in the order of the columns.
        references: joint positions to be in at the end of each step, shape ``(T, n)``.
        targets: joint targets to hold during each step, shape ``(T, n)`` [m for the rail, rad].
        lateness_s: how much later than its control steps keys sound, command delay apart [s].
    """

    rig: str
    joint_names: tuple[str, ...]
    references: Array
    targets: Array
    name: str = "planner"
    lateness_s: float = 0.0

    @property
    def start(self) -> Array:
        """Posture at score time 0, shape ``(n,)``."""
        return self.references[0]

    def __call__(self, observation: Observation) -> Array:
        """Targets of the control step that the score time falls into; the last ones after it."""
        step = int(observation["score_time_s"][0] / CONTROL_STEP_S + 1e-6)
        return self.targets[min(max(step, 0), len(self.targets) - 1)]

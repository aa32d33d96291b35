"""What every policy is: joint targets from an observation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Observation = Mapping[str, NDArray[Any]]
"""Named arrays as ``sim.Environment`` and the player make them (docs/environment.md)."""


def lateness_of(policy: object) -> float:
    """How much later than its control steps a policy's keys sound, command delay apart [s]."""
    return float(getattr(policy, "lateness_s", 0.0))


class Policy(Protocol):
    """A player of one song on one rig. It needs NumPy only while it plays."""

    @property
    def name(self) -> str:
        """What made it, e.g. ``planner``."""
        ...

    @property
    def rig(self) -> str:
        """Name of the rig it was made for."""
        ...

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Joints in the order of the targets."""
        ...

    @property
    def start(self) -> NDArray[np.float64]:
        """Posture to be in at score time 0, shape ``(n,)`` [m for the rail, rad]."""
        ...

    def __call__(self, observation: Observation) -> NDArray[np.float64]:
        """Joint targets to hold for the coming control step, shape ``(n,)``."""
        ...

"""Kinds of joints, known by their names: what is an angle, what a length, what a pedal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.rig import RAIL

PEDAL = "sustain"
"""Name of the pedal's joint and servo, and of the last action of two hands."""

_SLIDES = ("forearm_tx", "forearm_ty")


def by_kind(
    joint_names: Sequence[str], *, slide: float, hinge: float, pedal: float = 0.0
) -> NDArray[np.float64]:
    """A number for each joint, shape ``(n,)``.

    Args:
        joint_names: the joints.
        slide: of the rail and of what slides a forearm [m].
        hinge: of all others [rad].
        pedal: of the sustain pedal [1].
    """

    def value(name: str) -> float:
        if name == PEDAL:
            return pedal
        return slide if name == RAIL or name.endswith(_SLIDES) else hinge

    return np.array([value(name) for name in joint_names])

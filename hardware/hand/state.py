"""What the hand tells about itself, once per cycle of the bus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HandState:
    """The actuated joints at one moment, in the order of actions.

    Attributes:
        time_ns: monotonic time at which the motors were asked [ns].
        positions: shape `(n,)` [m for the rail, rad].
        velocities: shape `(n,)` [m/s for the rail, rad/s].
        currents_a: with the sign of the force on the joint, shape `(n,)` [A].
        sent_targets: what was last written to the motors, limited as it was, shape `(n,)`.
        missing: joints, parked ones too, whose motors did not answer; their values are old.
    """

    time_ns: int
    positions: Array
    velocities: Array
    currents_a: Array
    sent_targets: Array
    missing: tuple[str, ...] = ()

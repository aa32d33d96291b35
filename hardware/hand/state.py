"""What the hand tells about itself, once per cycle of the bus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class HandMode(StrEnum):
    """What the motors do."""

    ACTIVE = "active"
    HELD = "held"
    LIMP = "limp"


@dataclass(frozen=True, eq=False)
class HandState:
    """The actuated joints at one moment, in the order of actions.

    Attributes:
        time_ns: monotonic time at which the motors were asked [ns].
        positions: shape `(n,)` [m for the rail, rad].
        velocities: shape `(n,)` [m/s for the rail, rad/s].
        currents_a: with the sign of the force on the joint, shape `(n,)` [A].
        sent_targets: what was last written to the motors, limited as it was, shape `(n,)`.
        mode: what the motors do.
        missing: joints, parked ones too, whose motors did not answer; their values are old.
    """

    time_ns: int
    positions: Array
    velocities: Array
    currents_a: Array
    sent_targets: Array
    mode: HandMode = HandMode.ACTIVE
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Health:
    """What changes slowly, of every motor that answered, by joint.

    Attributes:
        time_ns: monotonic time at which it was read [ns].
        supply_v: voltage that arrives at the motor [V].
        temperature_c: of its inside [degC].
    """

    time_ns: int
    supply_v: Mapping[str, float]
    temperature_c: Mapping[str, float]

"""What the hand tells about itself, once per cycle of the bus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.safety import SafetyState

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HandState:
    """The actuated joints at one moment, in the order of actions.

    Attributes:
        time_ns: monotonic time at which the motors were asked [ns].
        positions: shape `(n,)` [m for the rail, rad].
        velocities: shape `(n,)` [m/s for the rail, rad/s].
        efforts: force or torque of the motors, shape `(n,)` [N for the rail, Nm]; NaN where none
            is told.
        sent_targets: what was last written to the motors, limited as it was, shape `(n,)`.
        mode: what the motors do: active, held or limp.
        reason: why they are not active, or may not draw all their current; empty if all is well.
        accepts: whether the next command will be followed; if not, only a reset helps.
        missing: joints, parked ones too, whose motors did not answer; their values are old.
    """

    time_ns: int
    positions: Array
    velocities: Array
    efforts: Array
    sent_targets: Array
    mode: SafetyState = SafetyState.ACTIVE
    reason: str = ""
    accepts: bool = True
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

    def arrays(self, joints: Sequence[str]) -> tuple[Array, Array]:
        """Temperatures [degC] and voltages [V] in the order of `joints`; NaN where unknown."""
        temperatures = [self.temperature_c.get(joint, np.nan) for joint in joints]
        return np.array(temperatures), np.array([self.supply_v.get(j, np.nan) for j in joints])

"""From controllers that may or may not be there to a hand above the keys."""

from __future__ import annotations

import threading
import time
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hardware.errors import HardwareError, MotorFault, SafetyStop
from hardware.hand.homing import LIFT_S, PERIOD_NS
from hardware.trajectory.hearing import Hearing
from sim import Rig
from sim.ramps import minimum_jerk

Array = NDArray[np.float64]

FOLLOW_S, FAR_RAD = 1.0, 0.3
"""How long fingers may take to arrive above the keys [s], and what is too far from there [rad]."""

_PERIOD_S = PERIOD_NS / 1e9


class ControllerPort(Protocol):
    """What the driver needs of the controllers' topics. Controllers are counted as in the rig."""

    def send(self, controller: int, targets: Array) -> None:
        """Send a controller its joints' targets, in its order, to be reached within its ramp."""
        ...

    def deaf(self) -> list[str]:
        """Command topics that nobody listens to."""
        ...

    def close(self) -> None:
        """Hand on nothing more."""
        ...


def send_all(port: ControllerPort, hearing: Hearing, targets: Array) -> None:
    """Send targets of all joints, shape `(n_all,)`, each to its controller."""
    for number, part in enumerate(hearing.parts):
        port.send(number, targets[part.at])


def find_controllers(
    port: ControllerPort, hearing: Hearing, patience_s: float, interrupted: threading.Event
) -> None:
    """Wait until all controllers talk and listen; moves nothing.

    Args:
        port: their topics.
        hearing: what they tell.
        patience_s: how long they may take [s].
        interrupted: ends the wait when it is set.

    Raises:
        HardwareError: some do not; all are listed.
        SafetyStop: it was interrupted.
    """
    give_up_at = time.monotonic() + patience_s
    while missing := [*hearing.missing(), *(f"nobody listens to {each}" for each in port.deaf())]:
        if time.monotonic() > give_up_at:
            raise HardwareError(
                f"{'; '.join(missing)}: start the controllers, or mend their topics and joints in "
                "the rig file"
            )
        _pause(interrupted)


def lift_fingers(
    port: ControllerPort, hearing: Hearing, rig: Rig, interrupted: threading.Event
) -> Array:
    """Bring every finger joint to zero (flat, above the keys) and parked ones to their place.

    Returns:
        What was sent last, shape `(n_all,)`.

    Raises:
        MotorFault: a finger does not follow.
        SafetyStop: it was interrupted.
    """
    start = hearing.positions
    goal = np.array([rig.hand.parked_rad.get(name, 0.0) for name in hearing.names])
    goal[0] = start[0]  # the rail stays
    steps = round(LIFT_S / _PERIOD_S)
    for step in range(1, steps + 1):
        send_all(port, hearing, start + (goal - start) * minimum_jerk(step / steps))
        _pause(interrupted)
    give_up_at = time.monotonic() + FOLLOW_S
    while (off := np.abs(hearing.positions - goal)[1:]).max() > FAR_RAD:
        if time.monotonic() > give_up_at:
            worst = int(off.argmax())
            raise MotorFault(
                f"{hearing.names[worst + 1]} does not follow, it is {off[worst]:.1f} rad off: see "
                "that its controller is active, and look at the joint's name and sign"
            )
        _pause(interrupted)
    return goal


def _pause(interrupted: threading.Event) -> None:
    if interrupted.wait(_PERIOD_S):
        raise SafetyStop("the hand was stopped while it rose: activate it again")

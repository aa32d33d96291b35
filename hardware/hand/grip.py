"""How the motors pull while the hand runs: caps of their currents, torque on and off."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hardware.bus.exchange import MotorBus
from hardware.errors import MotorFault
from hardware.hand.activation import WATCHDOG_S, WATCHDOG_TRIPPED, WATCHDOG_UNITS, MotorSettings
from hardware.hand.joints import JointMap
from hardware.safety import Decision, SafetyState

Array = NDArray[np.float64]

SWITCH_S = 0.3
"""How long motors may go on answering that their torque is not switched [s]: on a computer that is
late, answers were seen that were older than the question."""


class Grip:
    """Carries out what safety decides; for the bus thread. Motors must pull at first.

    Args:
        bus: the motors.
        joint_map: in whose order decisions are.
        settings: of all motors, by id.

    Attributes:
        limp: whether torques are off.
    """

    def __init__(
        self, bus: MotorBus, joint_map: JointMap, settings: Mapping[int, MotorSettings]
    ) -> None:
        self.limp = False
        self._bus, self._map, self._settings = bus, joint_map, settings
        self._limits_a = np.empty(0)
        self._heard_ns = time.monotonic_ns()
        self._switching_ns: int | None = None  # since when

    def silent_s(self) -> float:
        """How long it is since the last call: since somebody talked to the motors [s]."""
        now_ns = time.monotonic_ns()
        silent_s, self._heard_ns = (now_ns - self._heard_ns) / 1e9, now_ns
        return silent_s

    def apply(self, decision: Decision, targets: Array) -> None:
        """Write to the motors what changed since the last decision.

        Args:
            decision: what is to be.
            targets: where motors that were limp pull at first: where they are, shape `(n,)`.

        Raises:
            MotorFault: a motor that answers does not switch its torque.
            PortLost: the serial device is gone.
        """
        if decision.state == SafetyState.LIMP:
            self.limp = self.limp or self._switch_torque(0)
            return
        if self.limp or not np.array_equal(self._limits_a, decision.current_limits_a):
            if self.limp:  # goals of a motor whose watchdog tripped are locked
                self._write_all("Bus_Watchdog", 0)
            self._cap(decision.current_limits_a)
            self._limits_a = decision.current_limits_a
        if self.limp:
            self._bus.write_all("Goal_Position", self._map.goals(targets))
            self._write_all("Bus_Watchdog", WATCHDOG_UNITS)
            self.limp = not (self._watched() and self._switch_torque(1))

    def _cap(self, limits_a: Array) -> None:
        """Let each motor draw at most what it may."""
        allowed = dict(zip(self._map.motor_ids, limits_a.tolist(), strict=True))
        for name in {motor.cap_register for motor in self._settings.values()}:
            motors = {i: m for i, m in self._settings.items() if m.cap_register == name}
            self._bus.write_all(name, {i: motor.cap(allowed[i]) for i, motor in motors.items()})

    def _watched(self) -> bool:
        """Whether all motors that answer watch the line; if not, to be tried again as below."""
        read = self._bus.read_all("Bus_Watchdog")
        return all(value == WATCHDOG_UNITS for (value,) in read.values())

    def _switch_torque(self, value: int) -> bool:
        """Switch all torques, and see that it was done: group writes are not acknowledged.

        Returns:
            False when nobody answers, or a motor has not done it yet: to be tried again in the next
            cycle.

        Raises:
            MotorFault: a motor answers, and has not done it for `SWITCH_S`.
        """
        wrong: list[int] = []
        self._switching_ns = self._switching_ns or time.monotonic_ns()
        for _ in range(3):
            self._write_all("Torque_Enable", value)
            read = self._bus.read_all("Torque_Enable")
            wrong = [motor_id for motor_id, (torque,) in read.items() if torque != value]
            if read and not wrong:
                self._switching_ns = None
                return True
        if not wrong or (time.monotonic_ns() - self._switching_ns) / 1e9 < SWITCH_S:
            return False
        names, switch = ", ".join(map(self._map.name_of, wrong)), "on" if value else "off"
        raise MotorFault(f"{names} did not switch torque {switch}: switch the power off")

    def _write_all(self, name: str, value: int) -> None:
        self._bus.write_all(name, dict.fromkeys(self._settings, value))


def tripped(bus: MotorBus, silent_s: float) -> str:
    """After a silence, whether motors have stopped by themselves.

    Args:
        bus: the motors.
        silent_s: how long nobody talked to them [s].

    Returns:
        What happened, in words; empty when nothing did.
    """
    if silent_s < 0.9 * WATCHDOG_S:
        return ""
    read = bus.read_all("Bus_Watchdog")
    if not any(value == WATCHDOG_TRIPPED for (value,) in read.values()):
        return ""
    return (
        f"this computer left the motors alone for {silent_s:.2f} s and they stopped by themselves: "
        "end what else runs on it, allow real-time priority ('dacapo doctor')"
    )

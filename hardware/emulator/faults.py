"""What breaks in an emulated rig, at its time or when a test says so."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping

from hardware.emulator.firmware import Motor
from hardware.emulator.health import NOMINAL_V
from hardware.emulator.keys import EmulatedKeys
from hardware.emulator.serial_line import SerialLine
from hardware.errors import WorldError
from hardware.world.world import FaultEvent

HOT_C = 85.0
"""To what a hot motor warms up; the factory's Temperature_Limit is 70 degC."""

SAG_V = 3.3
"""Supply during a sag; the factory's Min_Voltage_Limit is 3.5 V."""

SAG_S, FLOOD_S = 1.0, 1.0


class Faults:
    """The faults of one emulated rig, each by its name; times are in its own seconds.

    Args:
        line: The serial line.
        motors: By joint.
        keys: The keyboard; None without one.
        joint: Whose motor breaks when an event does not say it.
    """

    def __init__(
        self,
        line: SerialLine,
        motors: Mapping[str, Motor],
        keys: EmulatedKeys | None,
        joint: str,
    ) -> None:
        self._line, self._motors, self._keys = line, motors, keys
        self._joint = joint
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._now_s = 0.0

    def plan(self, event: FaultEvent) -> None:
        """Let an event of a world happen at its time.

        Raises:
            WorldError: it is about a joint that has no motor.
        """
        if event.joint is not None and event.joint not in self._motors:
            raise WorldError(
                f"faults.events: {event.kind} of joint '{event.joint}', which has no motor: choose "
                f"among {', '.join(self._motors)}"
            )
        self._at(event.at_s, lambda: self.cause(event))

    def advance(self, now_s: float) -> None:
        """Cause what is due."""
        self._now_s = now_s
        while self._due and self._due[0][0] <= now_s:
            heapq.heappop(self._due)[2]()

    def cause(self, event: FaultEvent) -> None:
        """Cause one event now."""
        if event.kind.startswith("motor_"):
            getattr(self, event.kind)(event.joint)
        elif event.kind == "stuck_key":
            self.stuck_key(event.key)
        else:
            getattr(self, event.kind)()

    def serial_unplug(self) -> None:
        """The USB cable of the motors is pulled."""
        self._line.unplug()

    def serial_replug(self) -> None:
        """It is plugged in again: a new device under the same link."""
        self._line.plug()

    def motor_overload(self, joint: str | None = None) -> None:
        """A motor has pushed against something for too long: it shuts down."""
        self._motor(joint).overload()

    def motor_hot(self, joint: str | None = None) -> None:
        """A motor warms up by 10 degC per second until it shuts down."""
        self._motor(joint).health.heat(HOT_C)

    def motor_silent(self, joint: str | None = None) -> None:
        """A motor's cable breaks: it neither hears nor answers."""
        self._motor(joint).silent = True

    def power_sag(self) -> None:
        """The supply drops to 3.3 V for a second."""
        self._supply(SAG_V)
        self._at(self._now_s + SAG_S, lambda: self._supply(NOMINAL_V))

    def midi_unplug(self) -> None:
        """The keyboard's cable is pulled."""
        if self._keys is not None:
            self._keys.port.unplug()

    def midi_replug(self) -> None:
        """It is plugged in again."""
        if self._keys is not None:
            self._keys.port.replug()

    def midi_flood(self) -> None:
        """For a second the keyboard pours out messages that mean nothing."""
        keys = self._keys
        if keys is not None:
            keys.flood(True)
            self._at(self._now_s + FLOOD_S, lambda: keys.flood(False))

    def stuck_key(self, key: int | None = None) -> None:
        """A key, or the next that goes down, never reports that it came up."""
        if self._keys is not None:
            self._keys.stick(key)

    def _motor(self, joint: str | None) -> Motor:
        return self._motors[self._joint if joint is None else joint]

    def _supply(self, voltage_v: float) -> None:
        for motor in self._motors.values():
            motor.supply(voltage_v)

    def _at(self, time_s: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time_s, next(self._order), action))

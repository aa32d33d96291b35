"""What the motors tell about themselves while the hand runs: health, errors, lost power."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from hardware.bus.exchange import BusReading, MotorBus
from hardware.bus.registers import V_PER_UNIT, VOLTAGE_ERROR, hardware_error_names
from hardware.hand.joints import JointMap
from hardware.hand.state import Health

SILENT_CYCLES = 10
"""A motor that has said nothing for so many cycles (0.1 s) stops the hand."""


class MotorCondition:
    """Looks after the motors of a running hand; for the bus thread.

    A motor that was without power for a moment answers as if nothing was: but it is limp, has
    forgotten its gains and limits, and the rail's has lost its place. Its Bus_Watchdog says so: it
    is 0, and activation made it something else.

    Args:
        bus: motors that were activated.
        joint_map: their joints.

    Attributes:
        health: the last voltages and temperatures; None until the first `look`.
    """

    def __init__(self, bus: MotorBus, joint_map: JointMap) -> None:
        self.health: Health | None = None
        self._bus, self._map = bus, joint_map
        self._away: frozenset[int] = frozenset()  # who did not answer in the last cycle
        self._alerts: list[int] = []  # who reports a hardware error
        self._broken: list[int] = []  # those among them that report more than a low supply
        self._restarted: frozenset[int] = frozenset()

    def take(self, reading: BusReading) -> bool:
        """Take note of a cycle; returns whether it gives cause to `look`: an error, a return."""
        known, self._alerts = self._alerts, [i for i, s in reading.states.items() if s.alert]
        returned = self._away.intersection(reading.states)
        self._away = frozenset(reading.missing)
        return bool(returned or set(self._alerts) - set(known))

    def look(self) -> str:
        """Ask the motors how they are, and refresh `health`.

        Returns:
            What must end in a limp hand, in words; empty when nothing must.

        Raises:
            PortLost: the serial device is gone.
        """
        self.health = read_health(self._bus, self._map)
        return ", ".join(filter(None, (*self._errors(), self._lost_power())))

    def silence(self) -> str:
        """Who has just been silent for too long, in words; empty when nobody has."""
        stale = self._bus.losses.stale
        silent = [motor_id for motor_id, cycles in stale.items() if cycles == SILENT_CYCLES]
        if len(silent) == len(stale):
            return "no motor answers: check the supply and the cable"
        cable = "its cable" if len(silent) == 1 else "their cables"
        return f"no answer from {self._who(silent)}: check {cable}" if silent else ""

    def refusal(self) -> str:
        """Why the motors cannot pull again as they are, and what helps; empty when they can."""
        if self._restarted:
            return (
                f"{self._who(self._restarted)} lost power or restarted, and the rail must find its "
                "place again: check the supply, end this program, then start again"
            )
        if self._broken:
            joints = " ".join(self._names(self._broken))
            return (
                f"{joints}: still in error: end this program, run 'dacapo hand reboot {joints}', "
                "then start again"
            )
        if self._away:
            return f"no answer from {self._who(self._away)}: try again when it is back"
        return ""

    def _errors(self) -> Sequence[str]:
        """What motors report, but for a low supply: that holds the hand, see `hardware.safety`."""
        self._broken = []
        if not self._alerts:
            return ()
        read = self._bus.read_all("Hardware_Error_Status")
        self._alerts = [i for i in self._alerts if i in read]  # the others: in the next cycle
        self._broken = [i for i in self._alerts if read[i][0] & ~VOLTAGE_ERROR]
        return [
            f"{self._map.name_of(i)} reports {' and '.join(hardware_error_names(read[i][0]))}"
            for i in self._broken
        ]

    def _lost_power(self) -> str:
        read = self._bus.read_all("Bus_Watchdog")
        self._restarted |= {motor_id for motor_id, (watchdog,) in read.items() if not watchdog}
        if not self._restarted:
            return ""
        return f"{self._who(self._restarted)} lost power or restarted, check the supply"

    def _who(self, motor_ids: Collection[int]) -> str:
        if len(motor_ids) == len(self._map.motor_ids):
            return "all motors"
        return ", ".join(self._map.name_of(motor_id) for motor_id in sorted(motor_ids))

    def _names(self, motor_ids: Collection[int]) -> Sequence[str]:
        return [self._map.names[self._map.motor_ids.index(motor_id)] for motor_id in motor_ids]


def read_health(bus: MotorBus, joint_map: JointMap) -> Health:
    """Voltages and temperatures of all motors that answer."""
    read = bus.read_all("Present_Input_Voltage", "Present_Temperature")
    names = {joint_map.names[joint_map.motor_ids.index(i)]: values for i, values in read.items()}
    return Health(
        time.monotonic_ns(),
        {name: volts * V_PER_UNIT for name, (volts, _) in names.items()},
        {name: float(celsius) for name, (_, celsius) in names.items()},
    )

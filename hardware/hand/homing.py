"""From wherever the hand lies after power-on to a known place: fingers up, rail to its end stop.

The fingers' encoders are absolute within a turn. The rail's motor turns three times over the
travel and forgets its turns with the power, so at every start the carriage goes slowly, with little
current, until the end stop holds it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hardware.bus.exchange import BusReading, MotorBus
from hardware.errors import MotorFault, SafetyStop
from hardware.hand.activation import MotorSettings
from hardware.hand.device import RailOnMotor
from hardware.hand.grip import tripped
from hardware.hand.joints import JointMap
from sim.ramps import minimum_jerk
from sim.realtime import sleep_until

Array = NDArray[np.float64]

PERIOD_NS = 10_000_000
"""Cycle of the bus [ns]: 100 Hz."""

LIFT_S = 1.5
"""How long the fingers take to get up from the keys [s]."""

RAIL_SPEED_M_S = 0.05
RAIL_CURRENT_A = 0.6
"""Most the rail's motor draws on the way to the stop [A]: 7.8 N at 40 mm. Twice what the rail's
own damping and friction take at this speed."""

BACK_OFF_M = 0.005
"""How far from the stop the carriage waits [m]."""

_TOUCH_A, _TOUCH_S = 0.15, 0.2  # pressing gently, so that nothing yields while it is measured
_LEAD_M = 0.015  # farthest that the target runs ahead: bounds the force where a motor has no cap
_STILL_M_S, _STILL_S = 0.004, 0.25  # slower for so long: something holds it
_BEYOND_M = 0.05  # further than the whole travel: there is no stop


class SlowMotion:
    """Moves joints together, one cycle of the bus at a time, before the driver's loop runs.

    Args:
        bus: motors that pull.
        joint_map: with any zero of the rail.
        position: where all joints are, shape `(n_motors,)`; see `measure`.
        interrupted: ends the motion when it is set, if given.
    """

    def __init__(
        self,
        bus: MotorBus,
        joint_map: JointMap,
        position: Array,
        interrupted: threading.Event | None = None,
    ) -> None:
        self.joint_map = joint_map
        self._interrupted = interrupted
        self.position, self.velocity = position.copy(), np.zeros_like(position)
        self.targets = position.copy()
        self._bus = bus
        self._next_ns = time.monotonic_ns()

    def step(self) -> None:
        """Send `targets`, read where the joints are, and wait for the next cycle.

        Raises:
            MotorFault: a motor reports a hardware error, or stopped by itself.
            PortLost: the serial device is gone.
            SafetyStop: it was interrupted.
        """
        if self._interrupted is not None and self._interrupted.is_set():
            raise SafetyStop("the hand was stopped while it rose: activate it again")
        late_s = (time.monotonic_ns() - self._next_ns) / 1e9
        if complaint := tripped(self._bus, late_s):
            raise MotorFault(complaint)
        reading = self._bus.exchange(self.joint_map.motor_goals(self.targets))
        refuse_alerts(reading, self.joint_map)
        update(reading, self.joint_map, self.position, self.velocity)
        self._next_ns = max(self._next_ns + PERIOD_NS, time.monotonic_ns())
        sleep_until(self._next_ns)


def measure(bus: MotorBus, joint_map: JointMap) -> Array:
    """Where all joints are, shape `(n_motors,)` [m for the rail, rad].

    Raises:
        MotorFault: a motor does not answer, or reports a hardware error.
    """
    reading = bus.exchange()
    refuse_alerts(reading, joint_map)
    if reading.missing:
        silent = ", ".join(joint_map.name_of(motor_id) for motor_id in reading.missing)
        raise MotorFault(f"no answer from {silent}: check their cables, then connect again")
    position, velocity = np.zeros(len(joint_map.names)), np.zeros(len(joint_map.names))
    update(reading, joint_map, position, velocity)
    return position


def lift_fingers(motion: SlowMotion) -> None:
    """Bring every finger joint to zero (flat, above the keys) and parked ones to their place.

    Raises:
        MotorFault: a motor reports a hardware error.
    """
    start = motion.targets.copy()
    goal = np.zeros_like(start)
    goal[motion.joint_map.n_joints :] = motion.joint_map.parked
    goal[0] = start[0]
    steps = _cycles(LIFT_S)
    for step in range(1, steps + 1):
        motion.targets = start + (goal - start) * minimum_jerk(step / steps)
        motion.step()


def home_rail(
    bus: MotorBus, motion: SlowMotion, rail: RailOnMotor, settings: Mapping[int, MotorSettings]
) -> JointMap:
    """Go to the end stop and back a little, and tell where the rail is.

    Args:
        bus: motors that pull.
        motion: of all joints; the others stay where they are.
        rail: where the stop is.
        settings: of all motors, for the cap of the rail's current; it is lifted afterwards.

    Returns:
        The joint map with the rail's zero; that of `motion` is the same.

    Raises:
        MotorFault: no stop within the travel, or a motor reports a hardware error.
    """
    motor_id = motion.joint_map.motor_ids[0]
    motor = settings[motor_id]
    bus.write_all(motor.cap_register, {motor_id: motor.cap(RAIL_CURRENT_A)})
    toward_stop = -1.0 if rail.stop_m <= rail.limits_m[0] else 1.0
    travel_m = rail.limits_m[1] - rail.limits_m[0]
    _push(motion, toward_stop, travel_m + _BEYOND_M)
    bus.write_all(motor.cap_register, {motor_id: motor.cap(_TOUCH_A)})
    for _ in range(_cycles(_TOUCH_S)):
        motion.step()
    at_stop = float(motion.joint_map.motor_rad(motion.position)[0])
    bus.write_all(motor.cap_register, {motor_id: motor.cap(motor.current_limit_a)})
    motion.joint_map = motion.joint_map.homed(at_stop, rail.stop_m)
    motion.position[0] = motion.targets[0] = rail.stop_m
    for _ in range(_cycles(BACK_OFF_M / RAIL_SPEED_M_S)):
        motion.targets[0] -= toward_stop * RAIL_SPEED_M_S * PERIOD_NS / 1e9
        motion.step()
    return motion.joint_map


def update(reading: BusReading, joint_map: JointMap, position: Array, velocity: Array) -> None:
    """Take what was read over into positions and velocities; of silent motors the old stays."""
    states = [reading.states.get(motor_id) for motor_id in joint_map.motor_ids]
    answered = np.array([state is not None for state in states])
    ticks = np.array([state.position_ticks if state else 0 for state in states], float)
    raw = np.array([state.velocity_raw if state else 0 for state in states], float)
    np.copyto(position, joint_map.positions(ticks), where=answered)
    np.copyto(velocity, joint_map.velocities(raw), where=answered)


def refuse_alerts(reading: BusReading, joint_map: JointMap) -> None:
    """See that no motor reports a hardware error.

    Raises:
        MotorFault: one does; it names the verb that says more.
    """
    alerts = [motor_id for motor_id, state in reading.states.items() if state.alert]
    if alerts:
        names = ", ".join(joint_map.name_of(motor_id) for motor_id in alerts)
        raise MotorFault(
            f"{names} reports a hardware error: 'dacapo doctor hand' says which, "
            "'dacapo hand reboot' clears it"
        )


def _cycles(duration_s: float) -> int:
    return round(duration_s * 1e9 / PERIOD_NS)


def _push(motion: SlowMotion, toward_stop: float, farthest_m: float) -> None:
    """Move the rail until something holds it."""
    start_m, still_s, period_s = motion.position[0], 0.0, PERIOD_NS / 1e9
    while still_s < _STILL_S:
        ahead = motion.targets[0] + toward_stop * RAIL_SPEED_M_S * period_s - motion.position[0]
        motion.targets[0] = motion.position[0] + np.clip(ahead, -_LEAD_M, _LEAD_M)
        motion.step()
        held = abs(motion.velocity[0]) < _STILL_M_S and abs(ahead) >= _LEAD_M
        still_s = still_s + period_s if held else 0.0
        if abs(motion.position[0] - start_m) > farthest_m:
            raise MotorFault(
                f"the rail moved {farthest_m:.2f} m without meeting its end stop: check the belt, "
                "the stop, and the rail's sign in the device file"
            )

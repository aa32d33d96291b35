"""The hand's driver: named joints in SI units, from the serial port to the safe ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hardware.bus.exchange import BusReading, MotorBus
from hardware.bus.port import SerialPort
from hardware.bus.sdk import Motors
from hardware.errors import HardwareError, MotorFault
from hardware.hand.activation import activate, motor_settings, release
from hardware.hand.device import Device, dynamixel_driver
from hardware.hand.handshake import shake_hands
from hardware.hand.homing import (
    PERIOD_NS,
    SlowMotion,
    home_rail,
    lift_fingers,
    measure,
    refuse_alerts,
    update,
)
from hardware.hand.joints import joint_limits, make_joint_map
from hardware.hand.loop import BusLoop
from hardware.hand.state import HandState
from sim import Rig, limit_targets

Array = NDArray[np.float64]


class HandDriver:
    """One hand on its rail; a context manager that always ends with the motors limp.

    `connect` touches nothing, `activate` makes the motors hold, finds the rail's place and starts
    the bus thread, `deactivate` makes them limp, `close` gives the port back. Methods may be
    called from any thread.

    Args:
        rig: the plan; must have a Dynamixel driver.
        device: how this hand was built to it.
        port: serial device; None for the rig's.

    Attributes:
        rig: as given.
        bus: the motor bus, once connected.
        motors: single registers of the motors, once connected.
        loop: the bus thread, once active.
        failure: what ended the bus thread, if it was not asked to end.
    """

    def __init__(self, rig: Rig, device: Device, port: str | None = None) -> None:
        self.rig, self.device = rig, device
        self.port_name = port or dynamixel_driver(rig).port
        self.bus: MotorBus | None = None
        self.motors: Motors | None = None
        self.loop: BusLoop | None = None
        self.failure: HardwareError | None = None
        self._settings = motor_settings(rig)
        self._map = make_joint_map(rig, device)
        self._low, self._high = joint_limits(rig, device)
        self._callbacks: list[Callable[[HandState], None]] = []
        self._changing = threading.RLock()  # one transition at a time
        self._interrupted = threading.Event()  # ends an activation that is under way
        self._lock = threading.Lock()  # of what follows
        self._targets = np.zeros(self._map.n_joints)
        self._state: HandState | None = None

    def __enter__(self) -> Self:
        """Connect."""
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Make the motors limp and close the port."""
        self.close()

    @property
    def active(self) -> bool:
        """Whether the motors hold and the bus thread runs."""
        return self.loop is not None and self.failure is None

    def connect(self) -> None:
        """Open the port and see that everything is there and as it should be; moves nothing.

        Raises:
            BusError: the port cannot be used, or motors are missing or wrong: all are listed.
            MotorFault: a motor has an error, or pulls already; the message names the verb.
            DeviceError: the device file is not of this hardware.
        """
        if self.bus is not None:
            return
        self._interrupted.clear()
        driver = dynamixel_driver(self.rig)
        port = SerialPort(self.port_name, driver.baud_rate)
        try:
            motors, bus = Motors(port), MotorBus(port, self._map.motor_ids)
            shake_hands(self.rig, self.device, bus)
        except BaseException:
            port.close()
            raise
        self.motors, self.bus = motors, bus

    def activate(self) -> None:
        """Make the motors hold, lift the fingers, home the rail, and start the bus thread.

        Raises:
            MotorFault: a motor refused, or the rail's stop was not found; all motors are limp.
            SafetyStop: `deactivate` or `close` was called meanwhile; all motors are limp.
        """
        with self._changing:
            if not self.active:
                self._rise()

    def set_targets(self, targets: ArrayLike) -> None:
        """Have the joints go to targets; they are on the wire about a millisecond later.

        Args:
            targets: in the order of actions, shape `(n,)` [m for the rail, rad].

        Raises:
            SimError: there are too few or too many, or one is not finite; the old ones stay.
            HardwareError: the bus thread has ended; why.
        """
        limited = limit_targets(np.asarray(targets, np.float64), self._low, self._high)
        loop = self._running()
        with self._lock:
            self._targets = limited
        loop.wake()

    def state(self) -> HandState:
        """What the last cycle brought.

        Raises:
            HardwareError: the hand is not active, or the bus thread has ended; why.
        """
        self._running()
        with self._lock:
            assert self._state is not None  # noqa: S101  there is one before the thread runs
            return self._state

    def on_cycle(self, callback: Callable[[HandState], None]) -> None:
        """Have a function called with every state, on the bus thread: it must be quick."""
        self._callbacks.append(callback)

    def deactivate(self) -> None:
        """End the bus thread and make every motor limp; does nothing when not active.

        An activation that is under way ends in its next cycle.

        Raises:
            MotorFault: a motor did not confirm it; all others were made limp nevertheless.
        """
        self._interrupted.set()
        with self._changing:
            self._interrupted.clear()
            self._fall()

    def close(self) -> None:
        """Deactivate and give the port back; a second call does nothing.

        Raises:
            MotorFault: a motor did not confirm that it is limp; the port is closed nevertheless.
        """
        self._interrupted.set()
        with self._changing:
            bus = self.bus
            if bus is None:
                return
            try:
                self._fall()
            finally:
                self.bus = self.motors = None
                bus.port.close()

    def _rise(self) -> None:
        bus, motors = self._connected()
        activate(motors, self._settings)
        try:
            start = measure(bus, self._map)
            motion = SlowMotion(bus, self._map, start, self._interrupted)
            lift_fingers(motion)
            self._map = home_rail(bus, motion, self.device.rail, self._settings)
            self._begin(bus, motion)
        except BaseException:
            release(motors, self._settings)
            raise

    def _fall(self) -> None:
        loop, self.loop = self.loop, None
        if loop is None:
            return
        loop.stop()
        if failed := release(self._connected()[1], self._settings):
            raise MotorFault(f"not limp for sure: {'; '.join(failed)}: switch the power off")

    def _begin(self, bus: MotorBus, motion: SlowMotion) -> None:
        self._position, self._velocity = motion.position, motion.velocity
        self._current = np.zeros_like(motion.position)
        targets = motion.targets[: self._map.n_joints]
        self._targets = limit_targets(targets, self._low, self._high)
        self._take(bus.exchange(), self._targets)
        self.failure = None
        self.loop = BusLoop(self._cycle, PERIOD_NS)
        self.loop.start()

    def _cycle(self) -> bool:
        """One cycle on the bus thread."""
        bus, _ = self._connected()
        with self._lock:
            targets = self._targets
        try:
            reading = bus.exchange(self._map.goals(targets))
            refuse_alerts(reading, self._map)
        except HardwareError as error:
            self.failure = error
            return False
        state = self._take(reading, targets)
        for callback in self._callbacks:
            callback(state)
        return True

    def _take(self, reading: BusReading, sent: Array) -> HandState:
        joint_map, n = self._map, self._map.n_joints
        update(reading, joint_map, self._position, self._velocity)
        for at, motor_id in enumerate(joint_map.motor_ids):
            if motor_id in reading.states:
                self._current[at] = reading.states[motor_id].current_ma
        state = HandState(
            reading.time_ns,
            self._position[:n].copy(),
            self._velocity[:n].copy(),
            joint_map.currents_a(self._current)[:n],
            sent,
            tuple(joint_map.names[joint_map.motor_ids.index(motor)] for motor in reading.missing),
        )
        with self._lock:
            self._state = state
        return state

    def _connected(self) -> tuple[MotorBus, Motors]:
        if self.bus is None or self.motors is None:
            raise HardwareError("the hand is not connected: call connect() first")
        return self.bus, self.motors

    def _running(self) -> BusLoop:
        if self.failure is not None:
            raise self.failure
        if self.loop is None:
            raise HardwareError("the hand is not active: call activate() first")
        return self.loop

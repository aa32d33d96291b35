"""The hand's driver: named joints in SI units, from the serial port to the safe ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hardware.bus.exchange import MotorBus
from hardware.bus.port import SerialPort
from hardware.bus.sdk import Motors
from hardware.errors import BusError, HardwareError, MotorFault
from hardware.hand.activation import activate, motor_settings, release
from hardware.hand.cycle import HandCycle
from hardware.hand.device import Device, dynamixel_driver
from hardware.hand.handshake import shake_hands
from hardware.hand.homing import PERIOD_NS, SlowMotion, home_rail, lift_fingers, measure
from hardware.hand.joints import current_limits_a, effort_per_current, joint_limits, make_joint_map
from hardware.hand.loop import BusLoop
from hardware.hand.state import HandState, Health
from hardware.safety import SafetyMonitor, SafetyState, motor_ratings
from hardware.safety.postures import PostureCheck
from sim import Rig, TargetLimits
from sim.realtime import request_realtime


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
    """

    def __init__(self, rig: Rig, device: Device, port: str | None = None) -> None:
        driver = dynamixel_driver(rig)
        self.rig, self.device = rig, device
        self.port_name = port or driver.port
        self.bus: MotorBus | None = None
        self.motors: Motors | None = None
        self.loop: BusLoop | None = None
        self._hand: HandCycle | None = None
        self._settings = motor_settings(rig)
        self._map = make_joint_map(rig, device)
        low, high = joint_limits(rig, device)
        self._limits = replace(TargetLimits.of(rig), low=low, high=high)
        peaks_a = current_limits_a(rig)
        ratings = motor_ratings({n: peaks_a[n] for n in self._map.names}, driver.model)
        self._monitor = SafetyMonitor(ratings)  # of all activations: what is hot stays hot
        self._posture = PostureCheck(rig)
        self._callbacks: list[Callable[[HandState], None]] = []
        self._changing = threading.RLock()  # one transition at a time
        self._interrupted = threading.Event()  # ends an activation that is under way

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
        """Whether the bus thread runs, in whichever mode."""
        return self._hand is not None and self.failure is None

    @property
    def mode(self) -> SafetyState | None:
        """What the motors do; None when not active."""
        return self._hand.state.mode if self._hand is not None and self.failure is None else None

    @property
    def health(self) -> Health | None:
        """The last voltages and temperatures, if there are any."""
        return self._hand.health if self._hand is not None else None

    @property
    def failure(self) -> HardwareError | None:
        """What ended the bus thread, if it was not asked to end."""
        return self._hand.failure if self._hand is not None else None

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

        Takes 3 to 16 s, depending on where the carriage is.

        Raises:
            MotorFault: a motor refused, or the rail's stop was not found; all motors are limp.
            SafetyStop: `deactivate` or `close` was called meanwhile; all motors are limp.
        """
        with self._changing:
            if not self.active:
                self._rise()

    def set_targets(self, targets: ArrayLike) -> None:
        """Have the joints go to targets; they are on the wire about a millisecond later.

        Once commands come, they must go on coming: 0.1 s without one and the hand is held, 1 s
        and it is limp.

        Args:
            targets: in the order of actions, shape `(n,)` [m for the rail, rad]. They are limited
                (`sim.TargetLimits`); `HandState.sent_targets` tells what was sent.

        Raises:
            SimError: there are too few or too many, or one is not finite; the old ones stay.
            SafetyStop: the hand was stopped, or is limp; how to go on.
            HardwareError: the hand is not active, or the bus thread has ended; why.
        """
        hand, loop = self._running()
        hand.set_targets(np.asarray(targets, np.float64))
        loop.wake()

    def state(self) -> HandState:
        """What the last cycle brought.

        Raises:
            HardwareError: the hand is not active, or the bus thread has ended; why.
        """
        return self._running()[0].state

    def on_cycle(self, callback: Callable[[HandState], None]) -> None:
        """Have a function called with every state, on the bus thread: it must be quick."""
        self._callbacks.append(callback)

    def hold(self, reason: str = "stopped") -> None:
        """Freeze the joints at once, limp a second later; nothing moves until `resume`.

        Args:
            reason: why, for whoever wonders.

        Raises:
            HardwareError: the hand is not active, or the bus thread has ended; why.
        """
        hand, loop = self._running()
        hand.stop(reason)
        loop.wake()

    def rest(self) -> None:
        """Hold the joints where they are, currents capped, until the next targets, however long.

        Raises:
            SafetyStop, HardwareError: as for `set_targets`.
        """
        self._running()[0].rest()

    def resume(self) -> None:
        """Because a person said so: pull again, from where the joints are, and rest there.

        Raises:
            SafetyStop: a motor does not answer, or still reports a hardware error, or lost its
                power: then only a new activation helps.
            HardwareError: as for `hold`.
        """
        hand, loop = self._running()
        hand.reset()
        loop.wake()

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
        """Get ready on a thread that may not be late: motors left alone for 0.16 s stop."""
        self._fall()  # what is left of a failure
        self._connected()
        with ThreadPoolExecutor(1, "hand rises", request_realtime) as thread:
            try:
                hand = thread.submit(self._get_ready).result()
            except HardwareError:
                raise
            except BaseException:  # Ctrl-C: the executor waits for its thread, which must end
                self._interrupted.set()
                raise
        hand.callbacks = self._callbacks
        self._hand, self.loop = hand, BusLoop(hand, PERIOD_NS)
        self.loop.start()

    def _get_ready(self) -> HandCycle:
        """From limp motors to a hand at a known place."""
        bus, motors = self._connected()
        activate(motors, self._settings)
        try:
            motion = SlowMotion(bus, self._map, measure(bus, self._map), self._interrupted)
            lift_fingers(motion)
            self._map = home_rail(bus, motion, self.device.rail, self._settings)
            return HandCycle(
                bus,
                motion,
                self._settings,
                effort_per_a=effort_per_current(self.rig),
                limits=self._limits,
                monitor=self._monitor,
                posture=self._posture,
            )
        except BaseException:
            release(motors, self._settings)
            raise

    def _fall(self) -> None:
        loop, self.loop, self._hand = self.loop, None, None
        if loop is None:
            return
        loop.stop()
        motors = self._connected()[1]
        with suppress(BusError):  # a device that is gone: letting go is tried, and says so
            motors.let_late_answers_pass()
        if failed := release(motors, self._settings):
            raise MotorFault(f"not limp for sure: {'; '.join(failed)}: switch the power off")

    def _connected(self) -> tuple[MotorBus, Motors]:
        if self.bus is None or self.motors is None:
            raise HardwareError("the hand is not connected: call connect() first")
        return self.bus, self.motors

    def _running(self) -> tuple[HandCycle, BusLoop]:
        if self._hand is None or self.loop is None:
            raise HardwareError("the hand is not active: call activate() first")
        if self._hand.failure is not None:
            raise self._hand.failure
        return self._hand, self.loop

"""One cycle of the running hand: goals out, states back, and the two safe states.

Held: goals frozen where the joints are, currents capped. Limp: torque off. Requests come from any
thread and are carried out on the bus thread, before anything else is sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from hardware.bus.exchange import BusReading, MotorBus
from hardware.bus.registers import V_PER_UNIT
from hardware.errors import HardwareError, MotorFault, SafetyStop
from hardware.hand.activation import WATCHDOG_S, MotorSettings
from hardware.hand.homing import SlowMotion, refuse_alerts, refuse_tripped, update
from hardware.hand.state import HandMode, HandState, Health

Array = NDArray[np.float64]

HELD_CURRENT_A = 0.4
"""Most a motor draws while the hand is held [A]: carries a finger, crushes nothing. LEAP's own
limit for the weaker of its motors is 0.35 A."""

HEALTH_CYCLES = 50
"""Every so many cycles voltages and temperatures are read: twice a second."""


class HandCycle:
    """The running hand, called once per cycle on the bus thread.

    Args:
        bus: motors that pull.
        motion: how the hand came here: where it is and where it was told to be.
        settings: of all motors.

    Attributes:
        state: what the last cycle brought.
        health: the last voltages and temperatures; None until the first.
        failure: what ended it.
        callbacks: are given every state, on the bus thread.
    """

    def __init__(
        self, bus: MotorBus, motion: SlowMotion, settings: Mapping[int, MotorSettings]
    ) -> None:
        self.health: Health | None = None
        self.failure: HardwareError | None = None
        self.callbacks: list[Callable[[HandState], None]] = []
        self._bus, self._map, self._settings = bus, motion.joint_map, settings
        self._position, self._velocity = motion.position, motion.velocity
        self._current = np.zeros_like(motion.position)
        self._lock = threading.Lock()  # of the next two
        self._targets = motion.targets[: self._map.n_joints].copy()
        self._wanted = HandMode.ACTIVE
        self._mode = HandMode.ACTIVE
        self._cycles, self._heard_ns = 0, time.monotonic_ns()
        self.state = self._take(bus.exchange(), self._targets)

    def set_targets(self, targets: Array) -> None:
        """Have the joints go to targets that are within all limits, shape `(n,)`.

        Raises:
            SafetyStop: the hand is held or limp.
        """
        with self._lock:
            if self._wanted != HandMode.ACTIVE:
                raise SafetyStop(f"the hand is {self._wanted}: have it resume before it moves")
            self._targets = targets

    def request(self, mode: HandMode) -> None:
        """Have the motors do something else from the next cycle on."""
        with self._lock:
            self._wanted = mode

    def __call__(self) -> bool:
        """Do one cycle; False when it cannot go on (`failure` says why)."""
        with self._lock:
            targets, wanted = self._targets, self._wanted
        try:
            if wanted != self._mode:
                targets = self._change(wanted)
            limp = self._mode == HandMode.LIMP
            self._notice_gap()
            reading = self._bus.exchange(None if limp else self._map.goals(targets))
            refuse_alerts(reading, self._map)
            if self._cycles % HEALTH_CYCLES == 0:
                self._look_after()
        except HardwareError as error:
            self.failure = error
            return False
        self._cycles += 1
        self.state = self._take(reading, targets)
        for callback in self.callbacks:
            callback(self.state)
        return True

    def _change(self, wanted: HandMode) -> Array:
        """Carry out a change of mode; returns the targets from now on: where the joints are."""
        measured = self._position[: self._map.n_joints].copy()
        with self._lock:
            self._targets = measured
        if wanted == HandMode.LIMP:
            self._switch_torque(0)
        else:
            self._cap(HELD_CURRENT_A if wanted == HandMode.HELD else np.inf)
            self._bus.write_all("Goal_Position", self._map.goals(measured))
            if self._mode == HandMode.LIMP:
                self._switch_torque(1)
        self._mode = wanted
        return measured

    def _cap(self, current_a: float) -> None:
        """Let no motor draw more than a current, nor more than its own limit."""
        for name in {motor.cap_register for motor in self._settings.values()}:
            motors = {i: m for i, m in self._settings.items() if m.cap_register == name}
            self._bus.write_all(name, {i: motor.cap(current_a) for i, motor in motors.items()})

    def _switch_torque(self, value: int) -> None:
        """Switch all torques, and see that it was done: group writes are not acknowledged."""
        for _ in range(3):
            self._bus.write_all("Torque_Enable", dict.fromkeys(self._settings, value))
            read = self._bus.read_all("Torque_Enable")
            wrong = [i for i in self._settings if read.get(i, (None,))[0] != value]
            if not wrong:
                return
        names = ", ".join(self._map.name_of(motor_id) for motor_id in wrong)
        raise MotorFault(f"{names} did not switch torque {'on' if value else 'off'}: power off")

    def _notice_gap(self) -> None:
        """After a silence long enough for the watchdog, see whether motors stopped themselves."""
        now_ns = time.monotonic_ns()
        silent_s, self._heard_ns = (now_ns - self._heard_ns) / 1e9, now_ns
        if silent_s > 0.9 * WATCHDOG_S:
            refuse_tripped(self._bus, silent_s)

    def _look_after(self) -> None:
        read = self._bus.read_all("Present_Input_Voltage", "Present_Temperature")
        names = {
            self._map.names[self._map.motor_ids.index(i)]: values for i, values in read.items()
        }
        self.health = Health(
            time.monotonic_ns(),
            {name: volts * V_PER_UNIT for name, (volts, _) in names.items()},
            {name: float(celsius) for name, (_, celsius) in names.items()},
        )

    def _take(self, reading: BusReading, sent: Array) -> HandState:
        joint_map, n = self._map, self._map.n_joints
        update(reading, joint_map, self._position, self._velocity)
        for at, motor_id in enumerate(joint_map.motor_ids):
            if motor_id in reading.states:
                self._current[at] = reading.states[motor_id].current_ma
        return HandState(
            reading.time_ns,
            self._position[:n].copy(),
            self._velocity[:n].copy(),
            joint_map.currents_a(self._current)[:n],
            sent,
            self._mode,
            tuple(joint_map.names[joint_map.motor_ids.index(motor)] for motor in reading.missing),
        )

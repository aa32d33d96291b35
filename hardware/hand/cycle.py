"""One cycle of the running hand: what safety says, goals out, states back.

Everything that reaches the motors while the hand runs goes through here, on the bus thread. Other
threads leave targets and wishes; `hardware.safety` decides what becomes of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from hardware.bus.exchange import BusReading, MotorBus
from hardware.errors import HardwareError, SafetyStop
from hardware.hand.activation import MotorSettings
from hardware.hand.condition import MotorCondition
from hardware.hand.grip import Grip, tripped
from hardware.hand.homing import SlowMotion, update
from hardware.hand.state import HandState, Health
from hardware.safety import Decision, SafetyMonitor, SafetyState
from hardware.safety.postures import PostureCheck
from sim import TargetLimits

Array = NDArray[np.float64]

HEALTH_CYCLES = 50
"""Every so many cycles the motors are asked how they are: twice a second."""

POSTURE_CYCLES = 5
"""Every so many cycles the posture is looked at: twenty times a second."""


class HandCycle:
    """The running hand, called once per cycle on the bus thread.

    Until the first command the hand rests: held, for as long as it takes.

    Args:
        bus: motors that pull.
        motion: how the hand came here: where it is and where it was told to be.
        settings: of all motors.
        effort_per_a: force or torque that a current makes at every actuated joint, shape `(n,)`.
        limits: of targets.
        monitor: decides; its motors in the order of the joint map.
        posture: looks at postures.

    Attributes:
        state: what the last cycle brought.
        failure: what ended it.
        callbacks: are given every state, on the bus thread.
    """

    def __init__(
        self,
        bus: MotorBus,
        motion: SlowMotion,
        settings: Mapping[int, MotorSettings],
        *,
        effort_per_a: Array,
        limits: TargetLimits,
        monitor: SafetyMonitor,
        posture: PostureCheck,
    ) -> None:
        self.failure: HardwareError | None = None
        self.callbacks: list[Callable[[HandState], None]] = []
        self._bus, self._map = bus, motion.joint_map
        self._grip = Grip(bus, motion.joint_map, settings)
        self._condition = MotorCondition(bus, motion.joint_map)
        self._effort_per_a = effort_per_a
        self._limits, self._monitor, self._posture = limits, monitor, posture
        self._position, self._velocity = motion.position, motion.velocity
        self._current = np.zeros_like(motion.position)
        self._lock = threading.Lock()  # of the monitor and the next two
        self._targets = motion.targets[: self._map.n_joints].copy()
        self._cycles = 0
        monitor.reset(time.monotonic_ns())
        self.state = self._take(bus.exchange(), self._targets, self._decide())

    @property
    def health(self) -> Health | None:
        """The last voltages and temperatures; None until the first."""
        return self._condition.health

    def set_targets(self, targets: Array) -> None:
        """Have the joints go to targets, shape `(n,)`, as far as all limits let them.

        Raises:
            SimError: there are too few or too many, or one is not finite; the old ones stay.
            SafetyStop: the hand was stopped, or is limp; how to go on.
        """
        now_ns = time.monotonic_ns()
        with self._lock:
            limited = self._limits.limit(targets, self._targets, self.state.positions)
            if self._monitor.command(now_ns):
                self._targets = limited
                return
            decision = self._monitor.decide(now_ns)
        if not decision.accepts:
            raise SafetyStop(decision.reason)

    def stop(self, reason: str) -> None:
        """Hold at once, go limp a second later."""
        with self._lock:
            self._monitor.stop(reason)

    def fault(self, reason: str) -> None:
        """Go limp at once."""
        with self._lock:
            self._monitor.fault(reason)

    def rest(self) -> None:
        """Stay here, held, for as long as it takes until the next command, as before the first.

        Raises:
            SafetyStop: the hand was stopped, or is limp; how to go on.
        """
        now_ns = time.monotonic_ns()
        with self._lock:
            if not self._monitor.rest(now_ns):
                raise SafetyStop(self._monitor.decide(now_ns).reason)
            self._targets = self.state.positions.copy()

    def reset(self) -> None:
        """After `stop` or `fault`: pull again, from where the joints are now, and rest.

        Raises:
            SafetyStop: a motor is silent, still reports a hardware error, lost its power, or is
                still too hot.
        """
        if refusal := self._condition.refusal():
            raise SafetyStop(refusal)
        now_ns = time.monotonic_ns()
        with self._lock:
            self._monitor.reset(now_ns)
            decision = self._monitor.decide(now_ns)
        if not decision.accepts:
            raise SafetyStop(decision.reason)

    def __call__(self) -> bool:
        """Do one cycle; False when it cannot go on (`failure` says why)."""
        try:
            self._watch()
            decision = self._decide()
            if self._grip.limp and decision.state != SafetyState.LIMP:
                with self._lock:
                    self._targets = self._position[: self._map.n_joints].copy()
            with self._lock:
                targets = self._targets
            self._grip.apply(decision, targets)
            reading = self._bus.exchange(None if self._grip.limp else self._map.goals(targets))
        except HardwareError as error:
            self.failure = error
            return False
        self._cycles += 1
        self.state = self._take(reading, targets, decision)
        for callback in self.callbacks:
            callback(self.state)
        return True

    def _decide(self) -> Decision:
        with self._lock:
            return self._monitor.decide(time.monotonic_ns())

    def _watch(self) -> None:
        """Look for what should stop the hand."""
        if gap := tripped(self._bus, self._grip.silent_s()):
            self.fault(gap)
        if self._cycles % HEALTH_CYCLES == 0:
            self._look()
        if self._cycles % POSTURE_CYCLES == 0 and (wrong := self._posture.watch(self._joints())):
            self.stop(wrong)
        if silent := self._condition.silence():
            self.stop(silent)

    def _look(self) -> None:
        """Ask the motors how they are, and tell safety."""
        if wrong := self._condition.look():
            self.fault(wrong)
        if self.health is not None:
            with self._lock:
                self._monitor.health(*self.health.arrays(self._map.names))

    def _joints(self) -> Array:
        return self._position[: self._map.n_joints]

    def _take(self, reading: BusReading, sent: Array, decision: Decision) -> HandState:
        joint_map, n = self._map, self._map.n_joints
        update(reading, joint_map, self._position, self._velocity)
        for at, motor_id in enumerate(joint_map.motor_ids):
            if motor_id in reading.states:
                self._current[at] = reading.states[motor_id].current_ma
        currents_a = joint_map.currents_a(self._current)
        with self._lock:
            self._monitor.measured(reading.time_ns, currents_a)
        if self._condition.take(reading):
            self._look()
        return HandState(
            reading.time_ns,
            self._position[:n].copy(),
            self._velocity[:n].copy(),
            currents_a[:n] * self._effort_per_a,
            sent,
            decision.state,
            decision.reason,
            decision.accepts,
            tuple(joint_map.names[joint_map.motor_ids.index(motor)] for motor in reading.missing),
        )

"""The driver of a hand and an arm that have trajectory controllers: the face of `HandDriver`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hardware.errors import HardwareError, SafetyStop
from hardware.hand.homing import PERIOD_NS
from hardware.hand.loop import BusLoop
from hardware.hand.state import HandState
from hardware.safety import Decision, SafetyMonitor, SafetyState
from hardware.safety.postures import PostureCheck
from hardware.trajectory.hearing import Hearing
from hardware.trajectory.joints import Reading
from hardware.trajectory.rising import ControllerPort, find_controllers, lift_fingers, send_all
from sim import Rig, TargetLimits

Array = NDArray[np.float64]

PATIENCE_S = 5.0
"""How long controllers may take to be found [s]."""

POSTURE_STATES = 5
"""Every so many states the posture is looked at."""

WAY_OUT = "look at the hand, then call /hand/reset or start again"


class TrajectoryDriver:
    """One hand on its arm, behind controllers that hold the joints by themselves.

    As with `HandDriver`: `connect` moves nothing, `activate` lets the fingers rise, `deactivate`
    and `close` stop the joints where they are. Letting go is for the controllers: a hand that
    should be limp is held, whatever the reason. Methods may be called from any thread.

    Args:
        rig: must have a `ros_trajectory` driver.
        open_port: opens the topics; is given what to call with every reading of a controller.
        patience_s: how long controllers may take to be found [s].

    Attributes:
        rig: as given.
        loop: the thread that watches and sends, once active.
        failure: what ended that thread, if it was not asked to end.

    Raises:
        DeviceError: the rig is driven otherwise.
    """

    def __init__(
        self,
        rig: Rig,
        open_port: Callable[[Callable[[int, Reading], None]], ControllerPort],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.rig = rig
        self.loop: BusLoop | None = None
        self.failure: HardwareError | None = None
        self._open_port, self._patience_s = open_port, patience_s
        self._port: ControllerPort | None = None
        self._hearing, self._n = Hearing(rig), len(rig.joint_names)
        self._limits, self._posture = TargetLimits.of(rig), PostureCheck(rig)
        self._callbacks: list[Callable[[HandState], None]] = []
        self._changing = threading.RLock()  # one transition at a time
        self._interrupted = threading.Event()  # ends an activation that is under way
        self._lock = threading.Lock()  # of all below
        self._monitor = SafetyMonitor((), WAY_OUT)  # currents are the controllers' business
        self._targets = self._sent = np.empty(0)
        self._frozen = False
        self._states, self._mode = 0, SafetyState.HELD

    @property
    def active(self) -> bool:
        """Whether targets are taken to the controllers, in whichever mode."""
        return self.loop is not None and self.failure is None

    @property
    def mode(self) -> SafetyState | None:
        """Whether the joints follow or are held; None when not active."""
        return self._mode if self.active else None

    def connect(self) -> None:
        """Open the topics; moves nothing."""
        self._interrupted.clear()
        if self._port is None:
            self._port = self._open_port(self._heard)

    def activate(self) -> None:
        """Find the controllers, let the fingers rise, then take targets.

        Raises:
            HardwareError: not connected; or a controller tells nothing or listens to nobody: all
                are listed.
            MotorFault: a finger does not follow.
            SafetyStop: `deactivate` or `close` was called meanwhile.
        """
        with self._changing:
            if not self.active:
                self._fall()  # what is left of a failure
                self._rise(self._connected())

    def set_targets(self, targets: ArrayLike) -> None:
        """Have the joints go to targets; see `HandDriver.set_targets`.

        Raises:
            SimError: there are too few or too many, or one is not finite; the old ones stay.
            SafetyStop: the hand was stopped, or no command came for a second; how to go on.
            HardwareError: the hand is not active, or its thread has ended; why.
        """
        loop, now_ns = self._running(), time.monotonic_ns()
        wanted, positions = np.asarray(targets, np.float64), self._hearing.positions[: self._n]
        with self._lock:
            limited = self._limits.limit(wanted, self._targets, positions)
            if not self._monitor.command(now_ns):
                raise SafetyStop(self._monitor.decide(now_ns).reason)
            self._targets = limited
        loop.wake()

    def on_cycle(self, callback: Callable[[HandState], None]) -> None:
        """Have a function called with every state, on the thread that sends: it must be quick."""
        self._callbacks.append(callback)

    def hold(self, reason: str = "stopped") -> None:
        """Stop the joints where they are; nothing moves until `resume`.

        Raises:
            HardwareError: the hand is not active, or its thread has ended; why.
        """
        loop = self._running()
        self._stop(reason)
        loop.wake()

    def rest(self) -> None:
        """Stay until the next targets, however long it takes: no silence.

        Raises:
            SafetyStop: the hand was stopped, or no command came for a second; how to go on.
            HardwareError: as for `hold`.
        """
        self._running()
        now_ns = time.monotonic_ns()
        with self._lock:
            if not self._monitor.rest(now_ns):
                raise SafetyStop(self._monitor.decide(now_ns).reason)

    def resume(self) -> None:
        """Because a person said so: take targets again.

        Raises:
            HardwareError: as for `hold`.
        """
        loop = self._running()
        with self._lock:
            self._frozen = False
            self._monitor.reset(time.monotonic_ns())
        loop.wake()

    def deactivate(self) -> None:
        """Stop the joints where they are and send nothing more; does nothing when not active."""
        self._interrupted.set()
        with self._changing:
            self._interrupted.clear()
            self._fall()

    def close(self) -> None:
        """Deactivate and let go of the topics; a second call does nothing."""
        self._interrupted.set()
        with self._changing:
            self._fall()
            port, self._port = self._port, None
            if port is not None:
                port.close()

    def _rise(self, port: ControllerPort) -> None:
        find_controllers(port, self._hearing, self._patience_s, self._interrupted)
        sent = lift_fingers(port, self._hearing, self.rig, self._interrupted)
        with self._lock:
            self._sent, self._targets = sent, sent[: self._n].copy()
            self._frozen, self._mode = False, SafetyState.HELD
            self._monitor.reset(time.monotonic_ns())
        self.loop = BusLoop(self._cycle, PERIOD_NS)
        self.loop.start()

    def _fall(self) -> None:
        loop, self.loop, failed, self.failure = self.loop, None, self.failure, None
        if loop is None:
            return
        loop.stop()
        if failed is None:
            send_all(self._connected(), self._hearing, self._hearing.positions)

    def _heard(self, controller: int, reading: Reading) -> None:
        loop = self.loop
        if self._hearing.take(controller, reading) and loop is not None:
            loop.wake()

    def _cycle(self) -> bool:
        """What is due now; False when it cannot go on (`failure` says why)."""
        if silent := self._hearing.missing():
            self.failure = HardwareError(f"{'; '.join(silent)}: look at the controllers")
            return False
        with self._lock:
            decision = self._decide(time.monotonic_ns())
            self._follow(decision)
            targets = self._targets
        if (news := self._hearing.news()) is not None:
            time_ns, (positions, velocities, efforts) = news[0], news[1][:, : self._n]
            told = (self._mode, decision.reason, decision.accepts)
            self._tell(HandState(time_ns, positions, velocities, efforts, targets, *told))
        return True

    def _tell(self, state: HandState) -> None:
        """Tell a state, and look whether it should stop the hand."""
        for callback in self._callbacks:
            callback(state)
        self._states += 1
        if self._states % POSTURE_STATES == 0 and (wrong := self._posture.watch(state.positions)):
            self._stop(wrong)

    def _stop(self, reason: str) -> None:
        with self._lock:
            self._monitor.stop(reason)

    def _decide(self, now_ns: int) -> Decision:
        decision = self._monitor.decide(now_ns)
        active = decision.state == SafetyState.ACTIVE
        self._mode = SafetyState.ACTIVE if active else SafetyState.HELD
        return decision

    def _follow(self, decision: Decision) -> None:
        """Send what is new; once when nothing more is accepted: stay where you are."""
        if not decision.accepts and not self._frozen:
            self._frozen, self._targets = True, self._hearing.positions[: self._n]
        if not np.array_equal(self._targets, self._sent[: self._n]):
            self._sent = np.concatenate((self._targets, self._sent[self._n :]))
            send_all(self._connected(), self._hearing, self._sent)

    def _connected(self) -> ControllerPort:
        if self._port is None:
            raise HardwareError("the hand is not connected: call connect() first")
        return self._port

    def _running(self) -> BusLoop:
        if self.failure is not None:
            raise self.failure
        if self.loop is None:
            raise HardwareError("the hand is not active: call activate() first")
        return self.loop

"""The simulated rig in real time: physics steps paced by the monotonic clock."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from score import KeyEvent
from sim.model import PHYSICS_STEP_S
from sim.simulator import Simulator

STEP_NS = round(PHYSICS_STEP_S * 1e9)
"""Length of a physics step [ns]."""

LEAD_NS = 1_500_000
"""How long before its end a step is computed [ns]: after its target is settled, and early enough
that its state can be told at the very moment it is true."""

CATCH_UP_STEPS = 20
"""Steps that may be computed at once when late (0.1 s); what is missing beyond is given up."""


@dataclass(frozen=True)
class RigState:
    """What a rig tells at one moment.

    Attributes:
        time_ns: Monotonic time at which the rig was in this state [ns].
        joint_positions: Shape `(n,)` [m for the rail, rad].
        joint_velocities: Shape `(n,)` [m/s for the rail, rad/s].
        events: Keys that moved in the physics step that ends at `time_ns`.
    """

    time_ns: int
    joint_positions: NDArray[np.float64]
    joint_velocities: NDArray[np.float64]
    events: tuple[KeyEvent, ...]


@dataclass
class PacingReport:
    """How well real time was kept, counted since the start.

    Attributes:
        steps: Physics steps computed.
        late: Steps computed more than half a step after their time.
        lost_s: Time the simulated world stood still because the computer was too far behind [s].
    """

    steps: int = 0
    late: int = 0
    lost_s: float = 0.0


class RealTimeSimulator:
    """Steps a simulator at the pace of a clock.

    Step `k` spans the times `t_k` to `t_{k+1} = t_k + 5 ms`. It takes the newest target that
    arrived before `t_k + 2.5 ms`, so it can be computed 1.5 ms before its end. So a target acts
    from the physics step nearest to its arrival, however the computation is scheduled, and a
    policy whose answers take less than 2.5 ms plays exactly as in process. All times are those
    of the steps, never those of their computation.

    `set_targets` and `hold` may be called from any thread, the rest from one.

    Attributes:
        simulator: The rig.
        report: How well real time was kept.
    """

    def __init__(self, simulator: Simulator, start_ns: int) -> None:
        self.simulator = simulator
        self.report = PacingReport()
        self._time_ns = start_ns
        self._limits = simulator.model.limits
        self._positions = self._accepted = self._targets = np.array(simulator.joint_positions)
        self._arrivals: deque[tuple[int, NDArray[np.float64] | None]] = deque()

    @property
    def time_ns(self) -> int:
        """Monotonic time the simulated world has reached [ns]."""
        return self._time_ns

    @property
    def due_ns(self) -> int:
        """When the next step is to be computed [ns]."""
        return self._time_ns + STEP_NS - LEAD_NS

    def set_targets(self, targets: NDArray[np.float64], arrival_ns: int) -> NDArray[np.float64]:
        """Take new joint targets, shape `(n,)`, that arrived at `arrival_ns`.

        Returns:
            The targets as they will be followed: within the limits.

        Raises:
            SimError: they cannot be followed; the old ones stay.
        """
        limited = self._limits.limit(targets, self._accepted, self._positions)
        self._accepted = limited
        self._arrivals.append((arrival_ns, limited))
        return limited

    def hold(self, arrival_ns: int) -> None:
        """Stop where the joints are, until new targets come."""
        self._accepted = self._positions
        self._arrivals.append((arrival_ns, None))

    def catch_up(self, now_ns: int) -> list[RigState]:
        """Compute every step that is due, at most 0.1 s of them; what is left is lost time.

        Returns:
            One state per step, in order.
        """
        states: list[RigState] = []
        while self.due_ns <= now_ns and len(states) < CATCH_UP_STEPS:
            states.append(self._step())
            self.report.late += now_ns - self._time_ns > STEP_NS // 2
        behind = max((now_ns - self._time_ns) // STEP_NS, 0)
        self._time_ns += behind * STEP_NS
        self.report.lost_s += behind * PHYSICS_STEP_S
        return states

    def _step(self) -> RigState:
        while self._arrivals and self._arrivals[0][0] < self._time_ns + STEP_NS // 2:
            _, targets = self._arrivals.popleft()
            self._targets = self._positions if targets is None else targets
        events = self.simulator.step(self._targets)
        self._time_ns += STEP_NS
        self.report.steps += 1
        # Never written to again: `set_targets` reads it from other threads.
        self._positions = self.simulator.joint_positions.copy()
        velocities = self.simulator.joint_velocities.copy()
        return RigState(self._time_ns, self._positions.copy(), velocities, tuple(events))


def run_paced(
    rig: RealTimeSimulator, prepare: Callable[[RigState], Callable[[], None]], stop: threading.Event
) -> None:
    """Step `rig` in real time until `stop` is set.

    Args:
        rig: What to step.
        prepare: Is given every state before its time, and returns what to call at its time.
        stop: Ends the loop.
    """
    while not stop.is_set():
        sleep_until(rig.due_ns)
        for state in rig.catch_up(time.monotonic_ns()):
            tell = prepare(state)
            sleep_until(state.time_ns)
            tell()


def sleep_until(deadline_ns: int) -> None:
    """Sleep until a moment of the monotonic clock [ns]; return at once when it has passed."""
    remaining_ns = deadline_ns - time.monotonic_ns()
    if remaining_ns > 0:
        time.sleep(remaining_ns / 1e9)


def request_realtime(priority: int = 20) -> str:
    """Ask for first-in-first-out scheduling of the calling thread and say what was granted.

    Never fails: without the right to it (`ulimit -r`) the thread stays as it is. Threads and
    processes that it starts do not inherit it: one that only starts up would keep others waiting.

    Returns:
        `SCHED_FIFO 20`, or `normal` with the reason.
    """
    if not hasattr(os, "SCHED_RESET_ON_FORK"):
        return "normal (this system has no SCHED_FIFO)"
    try:
        policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(priority))
    except OSError as error:
        return f"normal (SCHED_FIFO refused: {error.strerror})"
    return f"SCHED_FIFO {priority}"


def leave_realtime() -> None:
    """Give the calling thread its ordinary place back: what follows may take long."""
    if hasattr(os, "SCHED_RESET_ON_FORK"):
        policy = os.SCHED_OTHER | os.SCHED_RESET_ON_FORK  # which only root may take back
        os.sched_setscheduler(0, policy, os.sched_param(0))

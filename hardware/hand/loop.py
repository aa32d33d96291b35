"""The bus thread: a cycle at absolute times, and one more at once when a new target arrives."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sim.realtime import request_realtime

REMEMBERED = 60_000
"""Periods whose errors are kept for the report: ten minutes at 100 Hz."""


@dataclass
class LoopReport:
    """How steady the bus thread was since its start.

    Attributes:
        scheduling: what the system granted, in words.
        cycles: periodic cycles.
        extra: cycles in between, for targets that did not wait.
        late: cycles that started more than one period after their time; the periods missed are
            left out, not made up for.
        errors_ms: start of each of the last cycles after its time [ms].
    """

    scheduling: str = "not started"
    cycles: int = 0
    extra: int = 0
    late: int = 0
    errors_ms: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def error_ms(self, percent: float) -> float:
        """A percentile of the errors [ms]; 0 before the first cycle."""
        errors = list(self.errors_ms.copy())  # in one go: the thread goes on meanwhile
        return float(np.percentile(errors, percent)) if errors else 0.0


class BusLoop:
    """Calls something at a steady rate on a thread of its own.

    Args:
        cycle: what to call; it returns False to end the loop.
        period_ns: time between calls [ns].

    Attributes:
        report: how steady it was.
    """

    def __init__(self, cycle: Callable[[], bool], period_ns: int) -> None:
        self.report = LoopReport()
        self._cycle, self._period_ns = cycle, period_ns
        self._wake, self._ending = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="hand bus", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Have a cycle now, not only at the next period. From any thread."""
        self._wake.set()

    def stop(self, timeout_s: float = 1.0) -> None:
        """End the thread after its cycle; may be called twice, also from the thread itself."""
        self._ending.set()
        self._wake.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        self.report.scheduling = request_realtime()
        due_ns = time.monotonic_ns()
        going = True
        while going and not self._ending.is_set():
            woken = self._wake.wait(max(due_ns - time.monotonic_ns(), 0) / 1e9)
            if woken:
                self._wake.clear()
            if self._ending.is_set():
                return
            now_ns = time.monotonic_ns()
            if now_ns >= due_ns:
                due_ns = self._account(now_ns, due_ns)
            elif woken:
                self.report.extra += 1
            else:  # woken a hair too early by the system
                continue
            going = self._cycle()

    def _account(self, now_ns: int, due_ns: int) -> int:
        """Note a periodic cycle; returns when the next one is due [ns]."""
        report = self.report
        report.cycles += 1
        report.errors_ms.append((now_ns - due_ns) / 1e6)
        missed = (now_ns - due_ns) // self._period_ns
        report.late += missed > 0
        return due_ns + (missed + 1) * self._period_ns

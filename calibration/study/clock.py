"""How far a calibration is, and when it has to end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a calibration is.

    Attributes:
        stage: What it does: a stage's name, or `least squares`.
        trials: Finished so far; of least squares: iterations.
        of: In all.
        best: Lowest cost so far.
        trials_per_s: Of this session.
        left_s: Seconds that the stage has left at this rate; NaN while nobody knows.
    """

    stage: str
    trials: int
    of: int
    best: float
    trials_per_s: float
    left_s: float


class Clock:
    """Tells progress, and whether a budget is used up.

    Args:
        budget_s: Seconds; None for no limit.
        on_progress: Is told how far it is.
    """

    def __init__(self, budget_s: float | None, on_progress: Callable[[Progress], None]) -> None:
        self._budget_s, self._on_progress = budget_s, on_progress
        self._started_s = time.monotonic()
        self._stage, self._since_s, self._before = "", 0.0, 0

    @property
    def spent_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started_s

    def late(self, share: float = 1.0) -> bool:
        """Whether a share of the budget is used up."""
        return self._budget_s is not None and self.spent_s > share * self._budget_s

    def begin(self, stage: str, done: int) -> None:
        """Begin something that has its own rate, with so much of it done before."""
        self._stage, self._since_s, self._before = stage, time.monotonic(), done

    def report(self, done: int, of: int, best: float, detail: str = "") -> None:
        """Tell how far it is."""
        seconds = time.monotonic() - self._since_s
        rate = (done - self._before) / seconds if seconds > 0.0 else 0.0
        left_s = max(of - done, 0) / rate if rate > 0.0 else math.nan
        stage = f"{self._stage}: {detail}" if detail else self._stage
        self._on_progress(Progress(stage, done, of, best, rate, left_s))

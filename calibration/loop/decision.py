"""Whether another round is worth its robot time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

RESOLVED = 0.01
"""Half-width of a gap's interval [F1] from which it is narrow enough to say that nothing is left:
a gap that is lost in noise wider than that is not known to be closed."""

FLAT = 0.002
"""Gain of a round [F1] below which the next one is not expected to gain more."""


@dataclass(frozen=True)
class Gap:
    """How much better the simulator says a policy plays than it does.

    Attributes:
        mean: Simulated less real frame F1, mean over songs and performances.
        half_width: Of the 95 % interval of that mean (Student's t).
    """

    mean: float
    half_width: float

    @classmethod
    def of(cls, simulated: Mapping[str, float], real: Mapping[str, Sequence[float]]) -> Gap:
        """The gap of a round.

        Args:
            simulated: Mean frame F1 by song.
            real: Frame F1 of every performance by song; two performances at least, all together.
        """
        gaps = np.array([simulated[song] - f1 for song, played in real.items() for f1 in played])
        error = gaps.std(ddof=1) / np.sqrt(len(gaps))
        return cls(float(gaps.mean()), float(t.ppf(0.975, len(gaps) - 1) * error))

    def __str__(self) -> str:
        """As loops tell it."""
        return f"gap {self.mean:+.3f} ± {self.half_width:.3f}"

    @property
    def closed(self) -> bool:
        """Whether nothing can be seen of it, looking closely."""
        return self.mean <= max(self.half_width, FLAT) and self.half_width <= RESOLVED


CLOSED = "the real performances are as good as the simulated ones"
"""Why a loop stops that has come to its end: the simulator has nothing left to learn."""


def reason_to_stop(
    gap: Gap,
    means: Sequence[float],
    *,
    all_hit: bool,
    rounds: int,
    robot_time_s: float,
    next_s: float,
    most_s: float,
) -> str | None:
    """Why no other round follows; None when one does.

    Args:
        gap: Of the last round.
        means: Mean frame F1 of every round so far.
        all_hit: Whether every song was hit at all: a simulator that agrees that one is not has
            something to be trained for.
        rounds: Most rounds.
        robot_time_s: Used so far [s].
        next_s: What another round would use [s].
        most_s: What there is in all [s].
    """
    if gap.closed and all_hit:
        return CLOSED
    if len(means) > 1 and abs(means[-1] - means[-2]) < FLAT:
        return "the last round gained nothing"
    if len(means) == rounds:
        return "all rounds are done"
    if robot_time_s + next_s > most_s:
        return "the robot time is used up"
    return None

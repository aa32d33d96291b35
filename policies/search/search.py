"""Local search on a plan: change it around its failing rows, keep what plays better, repeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.planner import Plan
from policies.search.takes import LATE_10MS, Rehearsal, Takes
from policies.search.windows import Window, changes, choose_windows
from score import Goals
from sim import PlayableModel, limit_targets

Array = NDArray[np.float64]

SAMPLES, THREADS = 64, 2
_LEAST_GAIN = 1e-6


@dataclass(frozen=True)
class Polished:
    """A plan after some rounds of search.

    Attributes:
        plan: plays at least as well as the plan the search began with; its references are the
            joint positions it reaches in the simulator.
        frame_f1: frame F1 in the simulator, mean over the models.
        frame_f1_late: the same with 10 ms more of command delay.
        rounds: number of rounds.
        wall_s: time they took.
    """

    plan: Plan
    frame_f1: float
    frame_f1_late: float
    rounds: int
    wall_s: float


@dataclass(frozen=True)
class _Best:
    """The best joint targets so far, shape ``(T, n_joints)``, and how they play."""

    targets: Array
    takes: Takes

    @property
    def frame_f1(self) -> float:
        return float(self.takes.on_time.mean())


def polish(
    plan: Plan,
    goals: Goals,
    models: PlayableModel | Sequence[PlayableModel],
    budget_s: float,
    seed: int,
    *,
    rounds: int | None = None,
    progress: Callable[[Polished], None] | None = None,
) -> Polished:
    """Search around a plan until it plays perfectly, early and late too, or the budget is used up.

    A round changes windows around failing rows in 64 samples, splices the best segment of each
    window into the plan and verifies the whole by playing it. Frame F1 never falls; what rises
    is its mean over small shifts in time, and the margins of the keys.

    Args:
        plan: where to start.
        goals: the song.
        models: the rig, or several with different physics, which all count the same; the command
            delay of the first is led.
        budget_s: wall-clock time; a round that would not fit is not begun.
        seed: of the samples. Same seed and number of rounds, same result.
        rounds: most rounds to go.
        progress: called with what there is at the start and after every round.

    Raises:
        PolicyError: a budget that is over before the first round.
    """
    search = _Search(plan, goals, [models] if isinstance(models, PlayableModel) else models, seed)
    deadline_s = search.started_s + budget_s
    longest_s = 0.0
    while True:
        polished = search.polished()
        if progress:
            progress(polished)
        if search.perfect or search.rounds == rounds:
            return polished
        began_s = time.monotonic()
        if began_s + longest_s > deadline_s:
            if search.rounds == 0:
                raise PolicyError(
                    f"a budget of {budget_s:g} s is over before the search begins: give it 10 s"
                )
            return polished
        search.go_round()
        longest_s = max(longest_s, time.monotonic() - began_s)


class _Search:
    """The state between rounds."""

    def __init__(
        self, plan: Plan, goals: Goals, models: Sequence[PlayableModel], seed: int
    ) -> None:
        self.started_s, self.rounds = time.monotonic(), 0
        self._plan, self._model = plan, models[0]
        self._rng = np.random.default_rng(seed)
        lead_s = self._model.command_delay_s + plan.lateness_s
        self._samples = Rehearsal(models, goals, plan.start, SAMPLES, THREADS, lead_s=lead_s)
        self._single = Rehearsal(models, goals, plan.start, 1, 1, lead_s=lead_s)
        self._best = self._play(plan.targets)

    @property
    def perfect(self) -> bool:
        return not self._best.takes.failing.any()

    def polished(self) -> Polished:
        takes = self._best.takes
        reached = takes.reached[0].copy()
        reached[0] = self._plan.start
        return Polished(
            replace(self._plan, name="polish", references=reached, targets=self._best.targets),
            frame_f1=self._best.frame_f1,
            frame_f1_late=float(takes.frame_f1[:, LATE_10MS].mean()),
            rounds=self.rounds,
            wall_s=time.monotonic() - self.started_s,
        )

    def go_round(self) -> None:
        """Sample around the best plan, splice, verify."""
        best, self.rounds = self._best, self.rounds + 1
        wrong = best.takes.on_time[0] < 1.0
        windows = choose_windows(wrong, best.takes.failing[0], self._rng)
        tried = best.targets + changes(
            best.targets, windows, self._plan.joint_names, SAMPLES, self._rng
        )
        limit_targets(tried, self._model.joint_low, self._model.joint_high, out=tried)
        heard = windows[-1].end + 1  # what sounds early belongs to the row before
        takes = self._samples.play(tried[:, :heard])
        self._adopt(list(self._winners(windows, tried, takes)))

    def _winners(
        self, windows: Sequence[Window], tried: Array, takes: Takes
    ) -> Iterator[tuple[Window, Array]]:
        """Windows that some sample plays better, with its targets there."""
        best = self._best.takes
        for window in windows:
            heard = slice(window.start, window.end)
            gain = (takes.value[:, heard] - best.value[0, heard]).sum(axis=1)
            lost = (takes.on_time[:, heard] - best.on_time[0, heard]).sum(axis=1) < -_LEAST_GAIN
            winner = int(np.argmax(np.where(lost, -np.inf, gain)))
            if not lost[winner] and gain[winner] > _LEAST_GAIN:
                yield window, tried[winner, window.start : window.stop]

    def _adopt(self, segments: Sequence[tuple[Window, Array]]) -> None:
        """Splice segments in and play; leave out those that lose until the whole plan got better.

        A segment may still be heard long after the window it was judged by.
        """
        while segments:
            targets = self._best.targets.copy()
            for window, segment in segments:
                targets[window.start : window.stop] = segment
            spliced = self._play(targets)
            starts = [window.start for window, _ in segments]
            gains = np.add.reduceat(spliced.takes.value[0] - self._best.takes.value[0], starts)
            heard = spliced.takes.on_time[0] - self._best.takes.on_time[0]
            losses = np.add.reduceat(heard, starts)
            wins = (gains > 0) & (losses > -_LEAST_GAIN)
            if wins.all():
                self._best = spliced
                return
            segments = [segment for segment, win in zip(segments, wins, strict=True) if win]

    def _play(self, targets: Array) -> _Best:
        return _Best(targets, self._single.play(targets[None]))

"""The loop that trains any learner: iterate, examine, keep the best, save, stop in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np
from numpy.typing import NDArray

from policies.learning.exam import Exam, Marks
from policies.learning.learner import Learner
from policies.learning.networks import Layers
from policies.learning.run_files import LogRow, RunFiles, TrainingError


@dataclass(frozen=True)
class LoopConfig:
    """When to examine and when to stop.

    Attributes:
        total_steps: control steps after which training ends.
        budget_s: wall-clock seconds after which it ends, all sessions together.
        exam_every: iterations between exams.
        seed: of everything random.
        started_s: ``time.monotonic()`` when this session began; preparations count.
    """

    total_steps: int
    budget_s: float
    exam_every: int
    seed: int
    started_s: float


@dataclass(frozen=True)
class Progress:
    """How far training is.

    Attributes:
        steps: control steps so far.
        total_steps: control steps to come to.
        steps_per_s: speed of the last iteration.
        frame_f1: frame F1 of the best exam.
        left_s: seconds left at most.
    """

    steps: int
    total_steps: int
    steps_per_s: float
    frame_f1: float
    left_s: float


@dataclass(frozen=True)
class BestPolicy:
    """The policy with the best marks so far."""

    layers: Layers
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    marks: Marks


class TrainingLoop:
    """Trains one learner in one run folder.

    Attributes:
        steps_before: control steps of earlier sessions, known once it runs.
    """

    def __init__(self, learner: Learner, exam: Exam, files: RunFiles, config: LoopConfig) -> None:
        self._learner, self._exam, self._files, self._config = learner, exam, files, config
        self._iteration, self._examined, self._wall_s = 0, -1, 0.0
        self._best: BestPolicy | None = None
        self.steps_before = 0

    def run(self, on_progress: Callable[[Progress], None] = lambda progress: None) -> BestPolicy:
        """Train until perfect, out of steps or out of time; returns the best policy.

        Raises:
            TrainingError: numbers were no longer finite, a checkpoint cannot be read, or the
                budget is used up before anything was learned.
        """
        self._resume()
        best = self._examine() if self._best is None else self._best
        while self._goes_on(best):
            begun = time.monotonic()
            figures = self._learner.iterate()
            self._iteration += 1
            speed = self._learner.steps_per_iteration / (time.monotonic() - begun)
            self._guard(figures)
            self._files.log(self.steps, figures)
            if self._iteration % self._config.exam_every == 0:
                best = self._examine()
            left = self._time_left(speed)
            f1 = best.marks.frame_f1
            on_progress(Progress(self.steps, self._config.total_steps, speed, f1, left))
        return best if self._examined == self._iteration else self._examine()

    def _goes_on(self, best: BestPolicy) -> bool:
        if best.marks.perfect or self.steps >= self._config.total_steps:
            return False
        in_time = self.elapsed_s < self._config.budget_s
        if not in_time and self._iteration == 0:
            raise TrainingError(
                f"a budget of {self._config.budget_s:g} s is too short: preparations alone took "
                f"{self.elapsed_s:.0f} s, give two or three times that"
            )
        return in_time

    @property
    def steps(self) -> int:
        """Control steps so far."""
        return self._iteration * self._learner.steps_per_iteration

    @property
    def elapsed_s(self) -> float:
        """Wall-clock seconds, all sessions together."""
        return self._wall_s + time.monotonic() - self._config.started_s

    def _time_left(self, speed: float) -> float:
        by_steps = (self._config.total_steps - self.steps) / speed
        return max(0.0, min(by_steps, self._config.budget_s - self.elapsed_s))

    def _examine(self) -> BestPolicy:
        """Take an exam, keep the policy if it is the best, save, and restart the episodes.

        Episodes restart with a seed made from the iteration, so that a run taken up from here
        goes on exactly as this one does.
        """
        marks = self._exam.take(self._learner.act)
        is_best = self._best is None or marks.value > self._best.marks.value
        if is_best or self._best is None:
            normaliser = self._learner.normaliser
            mean, std = np.asarray(normaliser.mean), np.asarray(normaliser.std)
            self._best = BestPolicy(self._learner.layers(), mean, std, marks)
        row = LogRow(self._iteration, self.steps, self.elapsed_s, marks, is_best)
        self._files.examined(row)
        self._files.save(self._learner.state, self._saved(self._best))
        self._examined = self._iteration
        self._restart()
        return self._best

    def _restart(self) -> None:
        seeds = np.random.SeedSequence([self._config.seed, self._iteration])
        self._learner.restart(int(seeds.generate_state(1)[0] // 2))

    def _resume(self) -> None:
        """Go on from the checkpoint if there is one."""
        like = self._saved(
            BestPolicy(
                self._learner.layers(),
                np.asarray(self._learner.normaliser.mean),
                np.asarray(self._learner.normaliser.std),
                Marks(0.0, 0.0, 0.0),
            )
        )
        found = self._files.load(self._learner.state, like)
        if found is None:
            return
        self._learner.state, best = found
        last = self._files.rows[-1]
        marks = next(row.marks for row in reversed(self._files.rows) if row.best)
        layers = tuple((kernel, bias) for kernel, bias in best["layers"])
        self._best = BestPolicy(layers, best["mean"], best["std"], marks)
        self._iteration = self._examined = last.iteration
        self.steps_before = last.steps
        if last.iteration:  # a session that only prepared has taken nothing from the budget
            self._wall_s = last.wall_s
        self._restart()

    @staticmethod
    def _saved(best: BestPolicy) -> dict[str, object]:
        layers = [list(layer) for layer in best.layers]
        return {"layers": layers, "mean": best.mean, "std": best.std}

    def _guard(self, figures: dict[str, float]) -> None:
        """Stop when numbers are no longer finite, leaving what is needed to look into it."""
        if np.isfinite(list(figures.values())).all() and _finite(self._learner.layers()):
            return
        dump = self._files.dump(self._iteration, self._learner.state, figures)
        raise TrainingError(
            f"numbers stopped being finite at step {self.steps}: the state is in {dump}; "
            "try another --seed"
        )


def _finite(layers: Layers) -> bool:
    return all(np.isfinite(array).all() for array in jax.tree.leaves(layers))

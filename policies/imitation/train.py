"""Training on a dataset: seeds, exams by frame F1, checkpoints, and a bundle at the end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from policies.imitation.bundle import ImitationBundle, write_bundle
from policies.imitation.evaluation import frame_f1
from policies.imitation.learner import ImitationLearner
from policies.imitation.method import Method
from policies.imitation.methods import METHODS, sight_of
from policies.imitation.networks import Arrays
from policies.imitation.normaliser import fitted, kept
from policies.imitation.player import ImitationPlayer
from policies.imitation.sight import Shown
from policies.imitation.songs import Songs
from policies.imitation.windows import Windows
from policies.learning.exam import Marks
from policies.learning.run_files import LogRow, RunFiles, TrainingError
from sim.pair import PairModel

EXAM_SONGS = 6
"""Training songs that choose the best checkpoint: unseen songs must not."""

EXAM_SHARE = 0.1
"""Of the time, at most; an exam that takes longer is taken less often."""

PACKAGES = ("jax", "flax", "optax", "numpy", "mujoco", "zarr")


@dataclass(frozen=True)
class Schedule:
    """When to examine and when to stop.

    Attributes:
        budget_s: wall-clock seconds after which training ends, all sessions together.
        total_steps: gradient steps after which it ends.
        exam_every_s: wall-clock seconds between exams, at least.
    """

    budget_s: float
    total_steps: int = 500_000
    exam_every_s: float = 300.0


@dataclass(frozen=True)
class Progress:
    """How far training is.

    Attributes:
        steps: gradient steps so far.
        loss: of the last one.
        frame_f1: of the best exam; None before the first one.
        left_s: seconds left at most.
    """

    steps: int
    loss: float
    frame_f1: float | None
    left_s: float


@dataclass(frozen=True)
class Imitated:
    """A finished training.

    Attributes:
        bundle: the file of the best policy.
        steps: gradient steps.
        wall_s: wall-clock seconds, all sessions together.
        frame_f1: of the exam songs, mean.
    """

    bundle: Path
    steps: int
    wall_s: float
    frame_f1: float


class Imitation:
    """Trains one method with one seed in one run folder."""

    def __init__(
        self, method: str, songs: Songs, model: PairModel, folder: Path, *, seed: int, source: str
    ) -> None:
        self._name, self._songs, self._model, self._seed = method, songs, model, seed
        how: Method = METHODS[method]
        self._training: dict[str, Any] = {
            "method": method,
            "dataset": source,
            "dataset_sha256": songs.dataset_sha256,
            "rig_hash": model.rig.hash,
            "split": songs.split.model_dump(mode="json", by_alias=True),
            "settings": {name: _plain(value) for name, value in asdict(how).items()},  # type: ignore[call-overload]
        }
        self._files = RunFiles(folder, self._training | {"seed": seed}, "gradient steps")
        sight = sight_of(method, model)
        shown = [Shown.of(songs.rollouts[song], sight) for song in songs.split.train]
        self._normaliser = kept(folder / "normaliser.npz", lambda: fitted(shown))
        sizes = self._normaliser.mean.size, len(model.action_names)
        self._learner = ImitationLearner(how, Windows(shown, self._normaliser, how), sizes, seed)
        self._step, self._before_s, self._started_s = 0, 0.0, time.monotonic()
        self._best, self._best_f1 = self._learner.parameters(), -1.0

    def run(
        self, schedule: Schedule, on_progress: Callable[[Progress], None] = lambda progress: None
    ) -> Imitated:
        """Train until out of steps or out of time, then write the best policy as a bundle.

        Weights after so many gradient steps do not depend on the clock, nor on whether a run was
        killed in between; which of them an exam sees does.

        Raises:
            TrainingError: numbers were no longer finite, or the checkpoint cannot be read.
        """
        self._resume()
        examined, due_s = self._step, self._elapsed_s + schedule.exam_every_s
        while self._step < schedule.total_steps and self._elapsed_s < schedule.budget_s:
            loss = self._learn()
            if self._elapsed_s >= due_s:
                pause_s = (1.0 / EXAM_SHARE - 1.0) * self._examine()
                examined, due_s = self._step, self._elapsed_s + max(schedule.exam_every_s, pause_s)
            left_s = max(0.0, schedule.budget_s - self._elapsed_s)
            best_f1 = self._best_f1 if self._best_f1 >= 0.0 else None
            on_progress(Progress(self._step, loss, best_f1, left_s))
        if examined < self._step or self._best_f1 < 0:
            self._examine()
        self._files.close()
        return self._export()

    @property
    def _elapsed_s(self) -> float:
        return self._before_s + time.monotonic() - self._started_s

    def _learn(self) -> float:
        loss = self._learner.step(self._step)
        self._step += 1
        if not np.isfinite(loss):
            dump = self._files.dump(self._step, self._learner.state, {"loss": loss})
            raise TrainingError(
                f"numbers stopped being finite at step {self._step}: the state is in {dump}; try "
                "another --seed"
            )
        if self._step % 100 == 0:
            self._files.log(self._step, {"loss": loss})
        return loss

    def _examine(self) -> float:
        """Play the exam songs, keep the policy if it is the best, and save; returns the seconds."""
        started_s, parameters = self._elapsed_s, self._learner.parameters()
        names = exam_songs(self._songs.split.train)
        songs = [self._songs.played(name, self._model) for name in names]
        player = ImitationPlayer(self._bundle(parameters, {}), self._model)
        f1 = float(np.mean(frame_f1(player, self._model, songs, self._seed)))
        best = f1 > self._best_f1
        if best:
            self._best, self._best_f1 = parameters, f1
        marks = Marks(f1, math.nan, f1)  # note F1 needs onsets, which no roll has
        self._files.examined(LogRow(self._step, self._step, self._elapsed_s, marks, best))
        self._files.save(self._learner.state, self._best)
        return self._elapsed_s - started_s

    def _resume(self) -> None:
        found = self._files.load(self._learner.state, self._best)
        if found is None:
            return
        self._learner.state, self._best = found
        last = self._files.rows[-1]
        self._step, self._before_s = last.steps, last.wall_s
        self._best_f1 = max(row.marks.frame_f1 for row in self._files.rows)

    def _export(self) -> Imitated:
        path = self._files.folder / f"{self._name}.npz"
        write_bundle(self._bundle(self._best, {"exam_frame_f1": self._best_f1}), path)
        return Imitated(path, self._step, self._elapsed_s, self._best_f1)

    def _bundle(self, parameters: Arrays, scores: dict[str, Any]) -> ImitationBundle:
        model = self._model
        return ImitationBundle(
            method=self._name,
            rig=model.rig.name,
            rig_hash=model.rig.hash,
            joint_names=model.joint_names,
            action_names=model.action_names,
            stretch=self._songs.stretch,
            normaliser=self._normaliser,
            parameters=parameters,
            training=self._training,
            seed=self._seed,
            scores=scores,
            versions={name: version(name) for name in PACKAGES},
        )


def exam_songs(songs: Sequence[str]) -> list[str]:
    """A few songs, evenly spaced over a list that goes from easy to hard."""
    places = np.linspace(0, len(songs) - 1, min(EXAM_SONGS, len(songs))).round().astype(int)
    return [songs[place] for place in places]


def _plain(value: object) -> object:
    """As it comes back from JSON, so that a run folder's settings compare equal."""
    return list(value) if isinstance(value, tuple) else value

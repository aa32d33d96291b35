"""The book of trials: who posts them, who takes them, what came of them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from calibration.errors import CalibrationError
from calibration.study.checksums import (
    ASKED,
    FINISHED,
    RESULT,
    check_whole,
    is_signed,
    of_result,
    sign,
)
from calibration.study.storage import open_storage, readable

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """Where a trial belongs.

    Attributes:
        stage: Name of the stage.
        population: Which of the stage, from 0.
    """

    stage: str
    population: int


@dataclass(frozen=True, eq=False)
class Task:
    """A trial to evaluate.

    Attributes:
        trial_id: In the storage.
        point: Shape `(d,)`.
        prune_above: Cost of the first part of the recordings above which the rest is not replayed.
    """

    trial_id: int
    point: Floats
    prune_above: float


@dataclass(frozen=True, eq=False)
class Results:
    """What came of a population of `k` trials.

    Attributes:
        points: Shape `(k, d)`.
        values: Their costs; of pruned ones that of the first part, shape `(k,)`.
        firsts: Costs of the first part, shape `(k,)`.
        pruned: For which the rest was left out, shape `(k,)` bool.
    """

    points: Floats
    values: Floats
    firsts: Floats
    pruned: NDArray[np.bool_]


class Ledger:
    """Trials of one study. Several processes may hold it at once: each trial is taken by one.

    Args:
        place: Path of a journal file, or the URL of a database.
        name: Of the study; an existing one goes on.
        entries: Names of the entries of a point.
        begin: Whether to begin the study if there is none.

    Raises:
        CalibrationError: The storage holds something else, or is damaged, or there is no study.
        OSError: The file cannot be read or written.
    """

    def __init__(
        self, place: str, name: str, entries: Sequence[str], *, begin: bool = True
    ) -> None:
        self._storage, self._entries = open_storage(place), tuple(entries)
        self._unit: dict[str, BaseDistribution] = {
            entry: FloatDistribution(0.0, 1.0) for entry in self._entries
        }
        with readable(place):
            if not begin and name not in optuna.get_all_study_names(self._storage):
                raise CalibrationError(
                    f"{place} has no study of these recordings and settings: begin it without "
                    "--join, with the same arguments"
                )
            sampler = optuna.samplers.RandomSampler()  # never asked: searches stand outside
            self._study = optuna.create_study(
                storage=self._storage, study_name=name, sampler=sampler, load_if_exists=True
            )
            self._id = self._storage.get_study_id_from_name(name)
            if not all(self._is_ours(trial) for trial in self._trials()):
                raise CalibrationError(
                    f"study '{name}' in {place} is not of this version of Da Capo: move it away, "
                    "or name another one with --study"
                )
            for trial in self._trials():
                check_whole(trial)

    def finish(self) -> None:
        """Let helpers go."""
        if not self.is_finished:
            self._study.set_user_attr("finished", True)

    def post(self, place: Place, points: Floats, prune_above: float = np.inf) -> None:
        """Offer a population to whoever evaluates; trials that are there stay as they are.

        Args:
            place: Where it belongs.
            points: Shape `(k, d)`.
            prune_above: Of all of them.
        """
        there = {t.user_attrs["index"] for t in self._at(place) if t.state != TrialState.FAIL}
        for index, point in enumerate(points):
            if index not in there:
                self._add(place, index, point, _waiting(prune_above))

    def record(self, place: Place, point: Floats, value: float) -> None:
        """Enter a finished trial, unless there is one."""
        if self.results(place, 1) is None:
            result = {"value": value, "intermediate_values": {0: value}}
            self._add(place, 0, point, {"state": TrialState.COMPLETE, **result})

    def take(self, most: int) -> list[Task]:
        """Take waiting trials; nobody else gets them."""
        tasks: list[Task] = []
        for trial in self._trials((TrialState.WAITING,)):
            trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)
            if len(tasks) < most and self._set(trial_id, TrialState.RUNNING):
                point = np.array([trial.params[entry] for entry in self._entries])
                tasks.append(Task(trial_id, point, trial.system_attrs.get("prune_above", np.inf)))
        return tasks

    def tell(self, task: Task, first: float, value: float | None) -> None:
        """Enter the result of a task.

        Args:
            task: What was taken.
            first: Cost of the first part of the recordings.
            value: Cost of all; None when the rest was not replayed.
        """
        state = TrialState.PRUNED if value is None else TrialState.COMPLETE
        cost = first if value is None else value
        asked = self._storage.get_trial(task.trial_id).user_attrs[ASKED]
        result = of_result(asked, state, first, cost)
        with contextlib.suppress(optuna.exceptions.UpdateFinishedTrialError):
            self._storage.set_trial_intermediate_value(task.trial_id, 0, first)
            self._storage.set_trial_user_attr(task.trial_id, RESULT, result)
            self._set(task.trial_id, state, [cost])

    def give_up(self, place: Place) -> None:
        """Mark trials that were taken and not finished as failed, and offer them again."""
        for trial in self._at(place):
            if trial.state == TrialState.RUNNING:
                trial_id = self._storage.get_trial_id_from_study_id_trial_number(
                    self._id, trial.number
                )
                if not self._set(trial_id, TrialState.FAIL):
                    continue
                point = np.array([trial.params[entry] for entry in self._entries])
                prune_above = trial.system_attrs.get("prune_above", np.inf)
                self._add(place, trial.user_attrs["index"], point, _waiting(prune_above))

    def results(self, place: Place, k: int) -> Results | None:
        """What came of a population of `k` trials; None while one of them is not finished."""
        done = {t.user_attrs["index"]: t for t in self._at(place) if t.state in FINISHED}
        if len(done) < k:
            return None
        trials = [done[index] for index in range(k)]
        return Results(
            np.array([[t.params[entry] for entry in self._entries] for t in trials]),
            np.array([t.value for t in trials], np.float64),
            np.array([t.intermediate_values[0] for t in trials], np.float64),
            np.array([t.state == TrialState.PRUNED for t in trials]),
        )

    @property
    def is_finished(self) -> bool:
        """Whether the leader has what it wanted."""
        return "finished" in self._study.user_attrs

    @property
    def finished(self) -> int:
        """How many trials are finished, pruned ones included."""
        return len(self._trials(FINISHED))

    def _set(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Whether it could be: another process may have finished the trial meanwhile."""
        try:
            return self._storage.set_trial_state_values(trial_id, state, values)
        except optuna.exceptions.UpdateFinishedTrialError:
            return False

    def _is_ours(self, trial: FrozenTrial) -> bool:
        return (
            set(trial.params) == set(self._entries)
            and {"stage", "population", "index"} <= trial.user_attrs.keys()
            and trial.distributions == self._unit
            and is_signed(trial)
        )

    def _trials(self, states: tuple[TrialState, ...] | None = None) -> list[FrozenTrial]:
        return self._storage.get_all_trials(self._id, deepcopy=False, states=states)

    def _at(self, place: Place) -> list[FrozenTrial]:
        return [
            t
            for t in self._trials()
            if (t.user_attrs["stage"], t.user_attrs["population"])
            == (place.stage, place.population)
        ]

    def _add(self, place: Place, index: int, point: Floats, how: dict[str, Any]) -> None:
        attributes = {"stage": place.stage, "population": place.population, "index": index}
        params = dict(zip(self._entries, point.tolist(), strict=True))
        trial = create_trial(params=params, distributions=self._unit, user_attrs=attributes, **how)
        sign(trial)
        self._study.add_trial(trial)


def _waiting(prune_above: float) -> dict[str, Any]:
    attributes = {"prune_above": prune_above} if np.isfinite(prune_above) else {}
    return {"state": TrialState.WAITING, "system_attrs": attributes}

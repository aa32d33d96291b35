"""Takes: what many variants of a plan play, scored row by row with what they have to spare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from score import Goals
from sim import PHYSICS_STEP_S, PHYSICS_STEPS_PER_CONTROL, BatchedEnvironment, PlayableModel

Array = NDArray[np.float64]

SHIFTS_S = (0.0, 0.01, 0.02, -0.01)
"""How late each row is looked at as well: an open-loop plan behind a command delay plays the very
same keys that much later, so one roll-out answers for all delays; negative is early."""

ON_TIME, LATE_10MS = 0, 1

MARGIN_WEIGHT = 0.1
"""Worth of a row's whole margin against its frame F1."""

_AMPLE = 0.15  # of key travel: a margin of this much counts fully, more does not count
_SCARCE = 0.3  # of an ample margin


@dataclass(frozen=True)
class Takes:
    """How ``N`` variants played the first ``T`` rows; means over the models.

    Attributes:
        frame_f1: F1 of every row at every shift of ``SHIFTS_S``, shape ``(N, S, T)``.
        margin: how far the worst key of a row is on its right side of trigger and release, 1 when
            ample, negative on the wrong side, mean over shifts, shape ``(N, T)``.
        scarce: whether a row on time is right by little, shape ``(N, T)`` bool.
        reached: joint positions at the end of each row with the first model, ``(N, T, n)``.
    """

    frame_f1: Array
    margin: Array
    scarce: NDArray[np.bool_]
    reached: Array

    @property
    def on_time(self) -> Array:
        """F1 of every row as it counts, shape ``(N, T)``."""
        return self.frame_f1[:, ON_TIME]

    @property
    def value(self) -> Array:
        """What the search maximises, a number a row, shape ``(N, T)``."""
        return self.frame_f1.mean(axis=1) + MARGIN_WEIGHT * self.margin

    @property
    def failing(self) -> NDArray[np.bool_]:
        """Rows that are wrong at some shift, or right by little, shape ``(N, T)``."""
        return (self.frame_f1 < 1.0).any(axis=1) | self.scarce


class Rehearsal:
    """Plays variants of a plan side by side in the batched simulator."""

    def __init__(
        self,
        models: Sequence[PlayableModel],
        goals: Goals,
        start: Array,
        n: int,
        threads: int,
        *,
        lead_s: float = 0.0,
    ) -> None:
        """Make room for ``n`` variants.

        Args:
            models: every variant is played with each of them.
            goals: the song.
            start: posture at score time 0, shape ``(n_joints,)``.
            n: number of variants played at once.
            threads: number of threads.
            lead_s: the command delay that is led.
        """
        self._n, self._n_models, self._goals = n, len(models), goals
        each = list(models) * n
        self._environment = BatchedEnvironment(
            each, goals, len(each), start, threads, lead_s=lead_s
        )
        self._trigger = np.stack([model.key_trigger for model in each])
        self._release = np.stack([model.key_release for model in each])
        steps = [round(shift / PHYSICS_STEP_S) % PHYSICS_STEPS_PER_CONTROL for shift in SHIFTS_S]
        self._physics_steps = (PHYSICS_STEPS_PER_CONTROL - 1 - np.array(steps)).tolist()

    def play(self, targets: Array) -> Takes:
        """Play variants from the start of the song.

        Args:
            targets: joint targets, shape ``(n, T, n_joints)``; ``T`` may end before the song.
        """
        environment, steps = self._environment, targets.shape[1]
        behind = environment.lead.rows
        environment.reset(np.arange(environment.n))
        each = np.repeat(targets, self._n_models, axis=0)
        f1 = np.ones((environment.n, len(SHIFTS_S), steps))
        margin = np.ones_like(f1)
        reached = np.empty_like(each)
        for step in range(steps + behind):
            observation, _, _ = environment.step(each[:, min(step, steps - 1)])
            if step < steps:
                reached[:, step] = observation["joint_positions"]
            if step >= behind:
                self._score_row(step - behind, f1, margin)
        return self._mean_over_models(f1, margin, reached)

    def _score_row(self, row: int, f1: Array, margin: Array) -> None:
        """Score a row on time and late; what is heard early in it belongs to the row before."""
        sounding = self._environment.sounding[:, self._physics_steps]
        depth = self._environment.key_depths[:, self._physics_steps]
        for shift, shift_s in enumerate(SHIFTS_S):
            of = row - (shift_s < 0)
            if of >= 0:
                due = self._goals.keys[of]
                f1[:, shift, of] = _row_f1(due, sounding[:, shift])
                margin[:, shift, of] = self._row_margin(due, depth[:, shift])

    def _row_margin(self, due: NDArray[np.bool_], depth: Array) -> Array:
        spare = np.where(due, depth - self._trigger, self._release - depth)
        return np.minimum(spare.min(axis=1) / _AMPLE, 1.0)

    def _mean_over_models(self, f1: Array, margin: Array, reached: Array) -> Takes:
        by_model = (self._n, self._n_models)
        margin = margin.reshape(*by_model, *margin.shape[1:])
        return Takes(
            frame_f1=f1.reshape(*by_model, *f1.shape[1:]).mean(axis=1),
            margin=margin.mean(axis=(1, 2)),
            scarce=np.any(margin[:, :, ON_TIME] < _SCARCE, axis=1),
            reached=reached[:: self._n_models],
        )


def _row_f1(due: NDArray[np.bool_], down: NDArray[np.bool_]) -> Array:
    """F1 of a row, ``(N,)``, of keys due ``(n_keys,)`` and down ``(N, n_keys)``; silence kept is 1.

    The same as ``score.frame_scores``, which gives only the mean over rows.
    """
    both = np.count_nonzero(down & due, axis=1)
    either = np.count_nonzero(down, axis=1) + np.count_nonzero(due)
    return np.divide(2 * both, either, out=np.ones(len(down)), where=either > 0)

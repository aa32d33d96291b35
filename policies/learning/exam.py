"""Playing a song from its beginning without exploration, to see how good a policy is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.features import HISTORY, Actions, Features, Part
from policies.planner import Plan
from score import Goals, KeyEvent, frame_scores, note_f1, notes_of_events, roll_of_events
from sim import BatchedEnvironment, RigModel

Act = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Marks:
    """Scores of one exam; the first model is the nominal one.

    Attributes:
        frame_f1: mean over the models.
        note_f1: with a tolerance of 50 ms, mean over the models.
        nominal_f1: frame F1 on the first model.
    """

    frame_f1: float
    note_f1: float
    nominal_f1: float

    @property
    def value(self) -> float:
        """What checkpoints are chosen by, never the reward.

        Nominal F1 counts for itself: a policy that bears other physics must not play worse where
        the physics is as expected.
        """
        return (self.frame_f1 + self.note_f1 + self.nominal_f1) / 3

    @property
    def perfect(self) -> bool:
        """Whether nothing is left to learn."""
        return self.value >= 1.0


class Exam:
    """One song on a fixed set of models."""

    def __init__(
        self, models: Sequence[RigModel], goals: Goals, plan: Plan, residual: bool
    ) -> None:
        self._goals = goals
        self._env = BatchedEnvironment(models, goals, len(models), plan.start)
        part = Part.of(models[0].joint_low, models[0].joint_high, goals, plan)
        self._features, self._actions = Features(part), Actions(part, residual)

    def take(self, act: Act) -> Marks:
        """Let a policy play the song once on every model."""
        env, n = self._env, self._env.n
        env.reset(np.arange(n))
        history = np.zeros((n, HISTORY, env.model.n_joints), np.float32)
        features = np.zeros((n, self._features.size), np.float32)
        events: list[list[KeyEvent]] = [[] for _ in range(n)]
        for _ in range(self._goals.n_steps):
            self._features(env.observation, history, features)
            actions = np.clip(act(features), -1.0, 1.0)
            env.step(self._actions.targets(actions, env.step_index))
            history = np.concatenate([actions[:, None], history[:, :-1]], axis=1)
            for index in range(n):
                events[index] += env.events(index)
        frames = [self._frame_f1(played) for played in events]
        notes = [self._note_f1(played) for played in events]
        return Marks(float(np.mean(frames)), float(np.mean(notes)), frames[0])

    def _frame_f1(self, events: list[KeyEvent]) -> float:
        goals = self._goals
        return frame_scores(goals.keys, roll_of_events(events, goals.n_steps, goals.n_keys)).f1

    def _note_f1(self, events: list[KeyEvent]) -> float:
        goals = self._goals
        played = notes_of_events(events, goals.lowest_pitch, goals.duration_s)
        return note_f1(goals.score.notes, played, 0.05)

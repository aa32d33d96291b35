"""Playing a song from its beginning without exploration, to see how good a policy is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.features import HISTORY, Actions, Features, Part
from policies.planner import Plan
from policies.policy import Observation
from policies.readings import ReadingNoise
from score import (
    Goals,
    KeyEvent,
    frame_scores,
    note_f1,
    notes_of_events,
    roll_of_events,
    since_zero,
)
from sim import BatchedEnvironment, PlayableModel

Act = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Marks:
    """Scores of one exam.

    Attributes:
        frame_f1: mean over the models.
        note_f1: with a tolerance of 50 ms, mean over the models.
        nominal_f1: frame F1 on the nominal model, without and with noise.
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


_NOISE_SEED = 3


class Exam:
    """One song: undisturbed on the nominal model, then on it and others with noisy readings.

    The command delay of the nominal model is led; the others may have another.
    """

    def __init__(
        self,
        nominal: PlayableModel,
        others: Sequence[PlayableModel],
        goals: Goals,
        plan: Plan,
        residual: bool,
    ) -> None:
        self._goals = goals
        models = [nominal, nominal, *others]
        self._env = BatchedEnvironment(
            models, goals, len(models), plan.start, lead_s=nominal.command_delay_s + plan.lateness_s
        )
        self._noise = ReadingNoise(nominal.joint_names, (len(models),))
        part = Part.of(nominal.joint_low, nominal.joint_high, goals, plan)
        self._features, self._actions = Features(part), Actions(part, nominal.joint_names, residual)

    def take(self, act: Act) -> Marks:
        """Let a policy play the song once on every model."""
        env, n = self._env, self._env.n
        env.reset(np.arange(n))
        history = np.zeros((n, HISTORY, env.model.n_joints), np.float32)
        features = np.zeros((n, self._features.size), np.float32)
        events: list[list[KeyEvent]] = [[] for _ in range(n)]
        rng = np.random.default_rng(_NOISE_SEED)
        while not env.done.all():
            self._features(self._seen(rng), history, features)
            actions = np.clip(act(features), -1.0, 1.0)
            env.step(self._actions.targets(actions, env.step_index))
            history = np.concatenate([actions[:, None], history[:, :-1]], axis=1)
            for index in range(n):
                events[index] += env.events(index)
        played = [since_zero(each) for each in events]
        frames = [self._frame_f1(each) for each in played]
        notes = [self._note_f1(each) for each in played]
        return Marks(float(np.mean(frames)), float(np.mean(notes)), float(np.mean(frames[:2])))

    def _seen(self, rng: np.random.Generator) -> Observation:
        seen = self._noise(self._env.observation, rng)
        for name in ("joint_positions", "joint_velocities"):
            seen[name][0] = self._env.observation[name][0]
        return seen

    def _frame_f1(self, events: Sequence[KeyEvent]) -> float:
        goals = self._goals
        return frame_scores(goals.keys, roll_of_events(events, goals.n_steps, goals.n_keys)).f1

    def _note_f1(self, events: Sequence[KeyEvent]) -> float:
        goals = self._goals
        played = notes_of_events(events, goals.lowest_pitch, goals.duration_s)
        return note_f1(goals.score.notes, played, 0.05)

"""The environment that learners see: flat observations, actions in [-1, 1], logged reward terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from policies.features import HISTORY, Actions, Features, Part
from policies.learning.rewards import (
    EARLY_STEPS,
    Outcome,
    asked_rows,
    crowding,
    first_rows,
    frame_f1,
    shaped_terms,
    weighted,
)
from policies.planner import Plan, load_parameters
from policies.readings import ReadingNoise
from score import Goals
from sim import BatchedEnvironment, PlayableModel, PlayablePair, record_states

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Reward = Literal["published", "shaped"]

LAST_ROWS = 20
"""Episodes that start along the plan leave at least a second to play."""


class LearningEnvironment:
    """``n`` copies of one song for a learner, restarted when they end.

    The *published* reward is RP1M's Eq. 3 as ``sim`` gives it, the *shaped* reward that of
    ``policies.learning.rewards``: denser near a plan that is already good. Joint states are read
    with the noise of real encoders; without it, policies come to rely on fractions of a
    milliradian.

    Attributes:
        n: number of environments.
        observations: shape ``(n, size)`` float32, overwritten by ``step``.
        frame_f1: frame F1 of the row that ended in the last step, shape ``(n,)``.
        reward_terms: unweighted terms of the last reward by name, each of shape ``(n,)``.
    """

    def __init__(
        self,
        models: PlayableModel | Sequence[PlayableModel],
        goals: Goals,
        plan: Plan,
        n: int,
        *,
        residual: bool = True,
        reward: Reward = "shaped",
        fingering: bool = True,
        starts_along_plan: bool = True,
        seed: int = 0,
        threads: int = 0,
        lead_s: float = 0.0,
    ) -> None:
        """Make ``n`` environments of a planned song.

        Args:
            models: the rig, or one for each environment.
            goals: the song.
            plan: its plan: reference of the observation, and of the action if ``residual``.
            n: number of environments.
            residual: actions correct the plan; otherwise they span the joint ranges.
            reward: which reward.
            fingering: whether the fingering term counts (an ablation leaves it out).
            starts_along_plan: whether episodes start anywhere in the song.
            seed: of the start rows and the noise of the readings.
            threads: of the physics, 0 for one a core.
            lead_s: the command delay that is led, see ``sim.BatchedEnvironment``.
        """
        self._batch = BatchedEnvironment(models, goals, n, plan.start, threads, lead_s=lead_s)
        model = self._batch.model
        self.part = Part.of(model.joint_low, model.joint_high, goals, plan)
        self.features = Features(self.part)
        self.actions = Actions(self.part, model.joint_names, residual)
        self.n, self._goals, self._reward, self._fingering = n, goals, reward, fingering
        self._states = record_states(model, plan.start, plan.targets) if starts_along_plan else None
        self._rng = np.random.default_rng(seed)
        self._room = None if isinstance(model, PlayablePair) else load_parameters(model.rig.name)
        self._noise = ReadingNoise(model.joint_names, (n,))
        self._history = np.zeros((n, HISTORY, model.n_joints), np.float32)
        self.observations = np.zeros((n, self.features.size), np.float32)
        self._goal_rows = np.concatenate([goals.keys, np.zeros((2, model.n_keys), bool)])
        self._first_rows, self._asked_rows = (
            first_rows(self._goal_rows),
            asked_rows(self._goal_rows),
        )
        self.frame_f1 = np.zeros(n)
        self.reward_terms: dict[str, Array] = {}
        self.reset(np.arange(n))

    @property
    def action_size(self) -> int:
        """Number of joints."""
        return self._history.shape[2]

    def restart(self, seed: int) -> None:
        """Begin all episodes anew with another seed."""
        self._rng = np.random.default_rng(seed)
        self.reset(np.arange(self.n))

    def reset(self, ids: NDArray[np.intp]) -> Floats:
        """Start episodes in the environments ``ids``: along the plan, or at the beginning."""
        if self._states is None:
            self._batch.reset(ids)
        else:
            last = max(self._goals.n_steps - LAST_ROWS, 1)
            self._batch.reset(ids, self._states, self._rng.integers(0, last, len(ids)))
        self._history[ids] = 0.0
        return self._observe()

    def step(self, actions: NDArray[Any]) -> tuple[Floats, Array, NDArray[np.bool_]]:
        """Take a control step with actions of shape ``(n, action_size)``; restart what ended.

        Returns:
            Observations (of the new episode where one ended), reward and whether one ended.
        """
        clipped = np.clip(actions, -1.0, 1.0)
        targets = self.actions.targets(clipped, self._batch.step_index)
        _, published, done = self._batch.step(targets)
        self.frame_f1 = frame_f1(np, self._goal_rows[self._batch.rows], self._batch.row_keys)
        reward = self._shaped(clipped) if self._reward == "shaped" else self._published(published)
        self._history[:, 1:] = self._history[:, :-1].copy()
        self._history[:, 0] = clipped
        ended = done.copy()
        if ended.any():
            return self.reset(np.flatnonzero(ended)), reward, ended
        return self._observe(), reward, ended

    def _published(self, total: Array) -> Array:
        self.reward_terms = self._batch.reward_terms
        return total if self._fingering else total - self.reward_terms["fingering"]

    def _shaped(self, actions: NDArray[Any]) -> Array:
        batch, rows = self._batch, self._batch.rows
        outcome = Outcome(
            goal=self._goal_rows[rows],
            keys=batch.row_keys,
            trigger_margin=batch.trigger_margin,
            asked=self._asked_rows[rows],
            onsets=batch.onsets,
            early=(self._first_rows[rows] & batch.sounding[:, EARLY_STEPS - 1]).sum(axis=1),
            fingering=batch.reward_terms["fingering"],
            crowding=self._crowding(),
        )
        self.reward_terms = shaped_terms(np, outcome, actions, self._history[:, 0])
        return weighted(np, self.reward_terms, self._fingering)

    def _crowding(self) -> Array:
        """Nothing for two hands: their links do collide in the simulator."""
        return crowding(self._batch.tips, self._room) if self._room else np.zeros(self.n)

    def _observe(self) -> Floats:
        seen = self._noise(self._batch.observation, self._rng)
        return self.features(seen, self._history, self.observations)

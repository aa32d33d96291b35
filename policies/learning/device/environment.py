"""The environment that learners see on a device: ``policies.learning.environment`` in MJX."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from policies.features import HISTORY, Actions, Features, Part
from policies.learning.device.features import DeviceActions, DeviceFeatures
from policies.learning.device.judge import Judge, Played
from policies.learning.environment import LAST_ROWS, Reward
from policies.planner import Plan
from policies.readings import ReadingNoise
from score import Goals
from sim import PlayablePair, record_states
from sim.mjx import MjxPhysics


class Episodes(NamedTuple):
    """What goes on in ``n`` environments; each first in every array.

    Attributes:
        data: MJX's state.
        rows: control step that comes next.
        sounding: which keys sound, shape ``(n, n_keys)``.
        actions: past actions, newest first, shape ``(n, HISTORY, n_joints)``.
        features: what a policy sees, shape ``(n, size)``.
        dropped: whether contacts were dropped since the last ``DeviceEnvironment.restart``.
    """

    data: Any
    rows: jax.Array
    sounding: jax.Array
    actions: jax.Array
    features: jax.Array
    dropped: jax.Array


class Told(NamedTuple):
    """What a learner is told of a control step.

    Attributes:
        reward: shape ``(n,)``.
        ended: whether the song ended, shape ``(n,)``.
        figures: frame F1 and unweighted terms of the reward by name, each of shape ``(n,)``.
    """

    reward: jax.Array
    ended: jax.Array
    figures: dict[str, jax.Array]


class DeviceEnvironment:
    """``n`` copies of one song for a learner, restarted when they end, in compiled programs.

    Features, actions, rewards, starts and the noise of readings are those of
    ``LearningEnvironment``; the physics is that of the reduced model.

    Attributes:
        n: number of environments.
        part: the planned song.
        features: what is seen.
        actions: what is done.
        episodes: what goes on; whoever calls ``step`` puts the next one here.
    """

    def __init__(
        self,
        model: PlayablePair,
        goals: Goals,
        plan: Plan,
        n: int,
        *,
        residual: bool = True,
        reward: Reward = "shaped",
        fingering: bool = True,
        starts_along_plan: bool = True,
        seed: int = 0,
    ) -> None:
        """Put ``n`` environments of a planned song on the device.

        Args:
            model: from ``sim.mjx.build_reduced_playable``.
            goals: the song.
            plan: its plan: reference of the observation, and of the action if ``residual``.
            n: number of environments.
            residual: actions correct the plan; otherwise they span the joint ranges.
            reward: which reward.
            fingering: whether the fingering term counts.
            starts_along_plan: whether episodes start anywhere in the song.
            seed: of the start rows and the noise of the readings.
        """
        self.n, self._model, self._n_steps = n, model, goals.n_steps
        self.part = Part.of(model.joint_low, model.joint_high, goals, plan)
        self.features = Features(self.part)
        self.actions = Actions(self.part, model.joint_names, residual)
        self._see, self._act = DeviceFeatures(self.features), DeviceActions(self.actions)
        self._physics = MjxPhysics(model.mj, "warp", n)
        self._judge = Judge(model, goals, reward, fingering)
        self._last = max(goals.n_steps - LAST_ROWS, 1) if starts_along_plan else 1
        states = record_states(model, plan.start, plan.targets[: self._last])
        self._states = jax.tree.map(
            jnp.asarray, (states.qpos, states.qvel, states.targets, states.sounding)
        )
        self._noise = jnp.asarray(ReadingNoise(model.joint_names).scale)
        self._trigger_rad = jnp.asarray(model.key_trigger * model.key_travel_rad)
        self._begin = jax.jit(self._begun)
        self.restart(seed)

    @property
    def action_size(self) -> int:
        """Number of joints."""
        return self._model.n_joints

    def restart(self, seed: int) -> None:
        """Begin all episodes anew with another seed."""
        self.episodes: Episodes = self._begin(jax.random.key(seed))

    def check(self) -> None:
        """To be called now and then outside of compiled code.

        Raises:
            ContactOverflowError: contacts were dropped for want of room.
        """
        self._physics.check(self.episodes.dropped)

    def step(self, episodes: Episodes, actions: jax.Array, key: jax.Array) -> tuple[Episodes, Told]:
        """Take a control step with actions of shape ``(n, n_joints)``; restart what ended.

        A pure function, to be compiled with whatever surrounds it.
        """
        actions = jnp.clip(actions, -1.0, 1.0)
        targets = self._act.targets(actions, episodes.rows)
        data, qpos, dropped = jax.vmap(self._physics.advance)(episodes.data, targets)
        angles = qpos[:, :, self._model.key_qpos]
        sounding = angles >= self._trigger_rad  # these keys have one angle, up and down alike
        began = jnp.concatenate([episodes.sounding[:, None], sounding[:, :-1]], axis=1)
        played = Played(data, angles, sounding, sounding & ~began, targets[:, -1])
        reward, figures = self._judge(episodes.rows, played, actions, episodes.actions[:, 0])
        rows = episodes.rows + 1
        ended = rows >= self._n_steps
        past = jnp.concatenate([actions[:, None], episodes.actions[:, :-1]], axis=1)
        following = episodes._replace(
            data=data,
            rows=rows,
            sounding=sounding[:, -1],
            actions=past,
            dropped=episodes.dropped | dropped,
        )
        return self._restarted(following, ended, key), Told(reward, ended, figures)

    def _begun(self, key: jax.Array) -> Episodes:
        n, n_joints = self.n, self._model.n_joints
        episodes = Episodes(
            data=jax.vmap(lambda _: self._physics.fresh())(jnp.arange(n)),
            rows=jnp.zeros(n, int),
            sounding=jnp.zeros((n, self._model.n_keys), bool),
            actions=jnp.zeros((n, HISTORY, n_joints)),
            features=jnp.zeros((n, self.features.size)),
            dropped=jnp.zeros(n, bool),
        )
        return self._restarted(episodes, jnp.ones(n, bool), key)

    def _restarted(self, episodes: Episodes, ended: jax.Array, key: jax.Array) -> Episodes:
        """The same with other episodes where they ended, and what is seen then."""
        start_key, noise_key = jax.random.split(key)
        starts = jax.random.randint(start_key, (self.n,), 0, self._last)
        qpos, qvel, ctrl, sounding = (each[starts] for each in self._states)
        data = jax.vmap(self._physics.placed)(episodes.data, ended, qpos, qvel, ctrl)
        rows = jnp.where(ended, starts, episodes.rows)
        sounding = jnp.where(ended[:, None], sounding, episodes.sounding)
        actions = jnp.where(ended[:, None, None], 0.0, episodes.actions)
        read = self._joints(data) + self._noise[:, None] * jax.random.normal(
            noise_key, (2, self.n, self._model.n_joints)
        )
        features = self._see(rows, read[0], read[1], sounding, actions)
        return Episodes(data, rows, sounding, actions, features, episodes.dropped)

    def _joints(self, data: Any) -> jax.Array:  # noqa: ANN401  # published without types
        """Positions and velocities, shape ``(2, n, n_joints)``."""
        model = self._model
        joints = jnp.stack([data.qpos[:, model.joint_qpos], data.qvel[:, model.joint_qvel]])
        second = jnp.stack([data.qpos[:, model.coupled_qpos], data.qvel[:, model.coupled_qvel]])
        return joints.at[:, :, model.coupled].add(second)

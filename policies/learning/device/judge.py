"""The rewards of a control step on a device: ``LearningEnvironment``'s, published and shaped."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from policies.learning.environment import Reward
from policies.learning.rewards import (
    EARLY_STEPS,
    Outcome,
    asked_rows,
    first_rows,
    frame_f1,
    shaped_terms,
    weighted,
)
from score import Goals
from sim import PlayablePair
from sim.mjx import MjxReward, Seen, Song
from sim.playable import PEDAL_DOWN


class Played(NamedTuple):
    """What a control step led to in ``n`` environments.

    Attributes:
        data: MJX's state after it.
        angles: of the keys after each physics step, shape ``(n, 10, n_keys)`` [rad].
        sounding: which keys sound then, the same shape.
        onsets: which keys begin to sound in each physics step, the same shape.
        pedal: its target, shape ``(n,)``.
    """

    data: Any
    angles: jax.Array
    sounding: jax.Array
    onsets: jax.Array
    pedal: jax.Array


class Judge:
    """Rewards control steps; two hands do not crowd themselves, their links collide."""

    def __init__(self, model: PlayablePair, goals: Goals, reward: Reward, fingering: bool) -> None:
        self._model, self._reward, self._fingering = model, reward, fingering
        rows = np.concatenate([goals.keys, np.zeros((2, model.n_keys), bool)])
        self._goal, self._first, self._asked = map(
            jnp.asarray, (rows, first_rows(rows), asked_rows(rows))
        )
        self._published = jax.vmap(MjxReward(model.pair, Song.of(goals)))
        self._travel_rad = jnp.asarray(model.key_travel_rad)
        self._trigger_rad = jnp.asarray(model.key_trigger * model.key_travel_rad)

    def __call__(
        self, rows: jax.Array, played: Played, actions: jax.Array, last_actions: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Reward, and figures to log, each of shape ``(n,)``.

        Args:
            rows: control step that ended, shape ``(n,)``.
            played: what it led to.
            actions: what was done, shape ``(n, n_joints)``.
            last_actions: what was done in the step before.
        """
        published = self._published_terms(rows, played)
        if self._reward == "shaped":
            outcome = self._outcome(rows, played, published["fingering"])
            terms = shaped_terms(jnp, outcome, actions, last_actions)
            reward = weighted(jnp, terms, self._fingering)
        else:
            terms, ignored = published, () if self._fingering else ("fingering",)
            counted = [term for name, term in terms.items() if name not in ignored]
            reward = jnp.stack(counted).sum(axis=0)
        f1 = frame_f1(jnp, self._goal[rows], played.sounding[:, -1])
        figures = {f"reward/{name}": term for name, term in terms.items()}
        return reward, figures | {"train/frame_f1": f1}

    def _published_terms(self, rows: jax.Array, played: Played) -> dict[str, jax.Array]:
        data, model = played.data, self._model
        depth = jnp.clip(played.angles[:, -1] / self._travel_rad, 0.0, 1.0)
        tips = data.site_xpos[:, model.fingertip_sites]
        return self._published(
            rows,
            Seen(depth, played.pedal, tips, data.qpos[:, model.joint_qpos]),
            sounding=played.sounding[:, -1],
            pedal_down=played.pedal >= PEDAL_DOWN,
            geom_places=data.geom_xpos,
            force=data.actuator_force[:, : model.pedal],
            velocity=data.qvel,
        )

    def _outcome(self, rows: jax.Array, played: Played, fingering: jax.Array) -> Outcome:
        margin = (played.angles[:, -1] - self._trigger_rad) / self._travel_rad
        early = self._first[rows] & played.sounding[:, EARLY_STEPS - 1]
        return Outcome(
            goal=self._goal[rows],
            keys=played.sounding[:, -1],
            trigger_margin=margin,
            asked=self._asked[rows],
            onsets=played.onsets.sum(axis=1),
            early=early.sum(axis=1),
            fingering=fingering,
            crowding=jnp.zeros_like(fingering),
        )

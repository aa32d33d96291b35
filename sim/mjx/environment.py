"""RoboPianist's task in MJX: pure functions of one environment, to be batched by ``jax.vmap``."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from score import Goals
from sim.errors import SimError
from sim.key_states import SOUNDS_WITHIN_RAD
from sim.mjx.contacts import Data
from sim.mjx.model import Implementation
from sim.mjx.observation import Seen, observation
from sim.mjx.physics import MjxPhysics
from sim.mjx.reward import MjxReward
from sim.mjx.song import Song
from sim.pair.model import PairModel
from sim.playable import PEDAL_DOWN


class State(NamedTuple):
    """One environment; a batch has the environments first in every array.

    Attributes:
        data: MJX's state.
        step: control step that comes next.
        pedal: 0 to 1.
        overflowed: whether contacts were dropped since the first reset; see ``check``.
    """

    data: Data
    step: jax.Array
    pedal: jax.Array
    overflowed: jax.Array


class MjxEnvironment:
    """One song for two hands; as ``sim.pair.PairEnvironment``, but it restarts by itself.

    ``reset`` and ``step`` are pure and compile; batch them with ``jax.vmap``.

    Attributes:
        model: the reduced rig.
        n_envs: environments stepped together.
        n_actions: size of an action.
    """

    def __init__(
        self, model: PairModel, goals: Goals, implementation: Implementation, n_envs: int
    ) -> None:
        """Put a song and a rig on the device.

        Args:
            model: from ``build_reduced``.
            goals: the song for its keyboard.
            implementation: of the physics.
            n_envs: environments that will be stepped together: Warp shares room for contacts.

        Raises:
            SimError: goals for another keyboard.
        """
        piano = model.rig.piano
        if (goals.lowest_pitch, goals.n_keys) != (piano.lowest_pitch, piano.n_keys):
            raise SimError(f"{goals.name}: goals for {goals.n_keys} keys, not {piano.n_keys}")
        self.model, self.n_envs, self.n_actions = model, n_envs, len(model.action_names)
        self._song = Song.of(goals)
        self._reward = MjxReward(model, self._song)
        self._physics = MjxPhysics(model.mj, implementation, n_envs)
        self._travel_rad = jnp.asarray(model.key_travel_rad)
        self._joints = jnp.asarray(model.joint_qpos)
        self._tips = jnp.asarray(model.fingertip_sites)

    def reset(self, key: jax.Array) -> State:
        """All joints at zero, somewhere in the song, so that a batch is spread over it.

        Args:
            key: decides where; restarts are at the beginning.
        """
        step = jax.random.randint(key, (), 0, self._song.n_steps)
        data = self._physics.fresh()
        return State(data, step, jnp.zeros_like(data.qpos[0]), jnp.array(False))

    def observe(self, state: State) -> jax.Array:
        """What a policy sees, shape ``(1144,)`` with two whole hands."""
        return observation(self._seen(state.data, state.pedal), self._song, state.step)

    def step(
        self, state: State, action: jax.Array
    ) -> tuple[State, jax.Array, jax.Array, jax.Array]:
        """Hold servo targets for a control step; after the last one start the song again.

        Args:
            state: from ``reset`` or ``step``.
            action: servo targets and pedal, shape ``(n_actions,)`` [rad, m, 1].

        Returns:
            The next state, its observation, the reward, and whether the song ended, in which case
            state and observation are the first of the next episode.
        """
        state, terms = self.play(state, action)
        done = state.step == self._song.n_steps
        state = self._restarted(state, done)
        return state, self.observe(state), jnp.stack([*terms.values()]).sum(), done

    def play(self, state: State, action: jax.Array) -> tuple[State, dict[str, jax.Array]]:
        """A control step without a restart, and the terms of its reward by name."""
        data, _, dropped = self._physics.advance(state.data, action[:-1])
        pedal = jnp.clip(action[-1], 0.0, 1.0)
        angles = jnp.clip(data.qpos[: self.model.n_keys], 0.0, self._travel_rad)
        terms = self._reward(
            state.step,
            self._seen(data, pedal),
            sounding=self._travel_rad - angles <= SOUNDS_WITHIN_RAD,
            pedal_down=pedal >= PEDAL_DOWN,
            geom_places=data.geom_xpos,
            force=data.actuator_force,
            velocity=data.qvel,
        )
        return State(data, state.step + 1, pedal, state.overflowed | dropped), terms

    def check(self, state: State) -> None:
        """To be called now and then outside of compiled code.

        Raises:
            ContactOverflowError: contacts were dropped in an environment of the batch.
        """
        self._physics.check(state.overflowed)

    def _restarted(self, state: State, done: jax.Array) -> State:
        rest = (jnp.zeros_like(x) for x in (state.data.qpos, state.data.qvel, state.data.ctrl))
        data = self._physics.placed(state.data, done, *rest)
        step, pedal = (jnp.where(done, 0, x).astype(x.dtype) for x in (state.step, state.pedal))
        return State(data, step, pedal, state.overflowed)

    def _seen(self, data: Data, pedal: jax.Array) -> Seen:
        angles = data.qpos[: self.model.n_keys]
        depth = jnp.clip(angles, 0.0, self._travel_rad) / self._travel_rad
        return Seen(depth, pedal, data.site_xpos[self._tips], data.qpos[self._joints])

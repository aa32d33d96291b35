"""RP1M's reward of one control step, for compiled programs; ``sim.pair.reward`` is the same."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from sim.mjx.fingering import fingering
from sim.mjx.observation import Seen
from sim.mjx.song import Song
from sim.pair.model import PairModel
from sim.rewards import (
    COLLISION_WEIGHT,
    ENERGY_COEFFICIENT,
    FINGER_CLOSE_ENOUGH_M,
    FINGER_MARGIN_M,
    KEY_CLOSE_ENOUGH,
    KEY_MARGIN,
    strike_points,
)


class MjxReward:
    """The terms of ``sim.pair.reward``, pure functions of arrays."""

    def __init__(self, model: PairModel, song: Song) -> None:
        self._song, self._keys = song, jnp.asarray(model.key_geoms)
        self._strike = jnp.asarray(
            strike_points(np.zeros_like(model.key_half_sizes), model.key_half_sizes)
        )
        first, second = model.servo_dofs
        self._first, self._second = jnp.asarray(first), jnp.asarray(second)
        self._two = jnp.asarray(first != second, float)
        self._forearms = [_cylinder(model.mj, geoms) for geoms in model.forearm_geoms]
        self._touching_m = float(model.mj.geom_size[self._forearms, 0].sum())

    def __call__(
        self,
        step: jax.Array,
        seen: Seen,
        *,
        sounding: jax.Array,
        pedal_down: jax.Array,
        geom_places: jax.Array,
        force: jax.Array,
        velocity: jax.Array,
    ) -> dict[str, jax.Array]:
        """Terms of the control step that just ended, by name.

        Args:
            step: which control step.
            seen: depth of keys and places of fingertips after it.
            sounding: which keys sound, shape ``(n_keys,)``.
            pedal_down: whether the pedal is down.
            geom_places: centres of all shapes, shape ``(n_geoms, 3)`` [m].
            force: of the servos, shape ``(n_servos,)`` [Nm, N].
            velocity: of all joints, shape ``(nv,)`` [rad/s, m/s].
        """
        slots = self._song.due[step]
        due = jnp.arange(len(slots)) < self._song.n_due[step]
        goal = self._song.keys[step]
        close = _tolerance(1.0 - seen.depth[slots], KEY_CLOSE_ENOUGH, KEY_MARGIN)
        pressed = jnp.where(due, close, 0.0).sum() / jnp.maximum(due.sum(), 1)
        missed = self._song.sustain[step].astype(int) - pedal_down.astype(int)
        moved = velocity[self._first] + self._two * velocity[self._second]
        return {
            "key_press": 0.5 * pressed + 0.5 * ~(sounding & ~goal).any(),
            "fingering": self._fingering(slots, due, seen.fingertips, geom_places),
            "sustain": sustain_worth(missed),
            "collision": jnp.where(self._forearms_touch(geom_places), 0.0, COLLISION_WEIGHT),
            "energy": -ENERGY_COEFFICIENT * (jnp.abs(force) * jnp.abs(moved)).sum(),
        }

    def _fingering(
        self, slots: jax.Array, due: jax.Array, tips: jax.Array, geom_places: jax.Array
    ) -> jax.Array:
        points = geom_places[self._keys[slots]] + self._strike[slots]
        distances = jnp.linalg.norm(points[:, None] - tips, axis=-1)
        worth = _tolerance(distances, FINGER_CLOSE_ENOUGH_M, FINGER_MARGIN_M)
        return fingering(distances, worth, due)

    def _forearms_touch(self, geom_places: jax.Array) -> jax.Array:
        """Forearms only slide, less far towards the keys than they are long, side by side."""
        right, left = (geom_places[geom, 1] for geom in self._forearms)
        return jnp.abs(right - left) < self._touching_m


def sustain_worth(missed: jax.Array) -> jax.Array:
    """Worth of the pedal's goal minus its state, -1, 0 or 1; see ``sim.rewards.sustain``."""
    beyond = jnp.where(missed > 0, 1.0 - KEY_CLOSE_ENOUGH, 1.0) / KEY_MARGIN
    return jnp.where(missed == 0, 1.0, 0.1 ** (beyond**2))


def _tolerance(distance: jax.Array, close: float, margin: float) -> jax.Array:
    """``sim.rewards.gaussian_tolerance`` of arrays."""
    return 0.1 ** ((jnp.maximum(distance - close, 0.0) / margin) ** 2)


def _cylinder(mj: mujoco.MjModel, geoms: frozenset[int]) -> int:
    """The cylinder along a forearm, which is wider than all else of it."""
    return next(g for g in sorted(geoms) if mj.geom_type[g] == mujoco.mjtGeom.mjGEOM_CYLINDER)

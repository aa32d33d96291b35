"""What a policy sees and does, for compiled programs; ``policies.features`` is the same."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from policies.features import PLAN_ROWS, PLAN_SCALE, SPEED_SCALE, Actions, Features
from score import LOOKAHEAD


class DeviceActions:
    """``Actions`` as a pure function."""

    def __init__(self, actions: Actions) -> None:
        part = actions.part
        self._middle, self._scale = map(
            jnp.asarray,
            (part.targets, actions.scale)
            if actions.residual
            else (actions.middle[None], actions.half),
        )
        self._low, self._high = jnp.asarray(part.joint_low), jnp.asarray(part.joint_high)

    def targets(self, actions: jax.Array, rows: jax.Array) -> jax.Array:
        """Joint targets, shape ``(n, n_joints)``, of such actions at control steps ``rows``."""
        middle = self._middle[jnp.minimum(rows, len(self._middle) - 1)]
        return jnp.clip(middle + self._scale * actions, self._low, self._high)


class DeviceFeatures:
    """``Features`` as a pure function."""

    def __init__(self, features: Features) -> None:
        self._keys, self._last = features.keys, features.last
        self._middle, self._half = jnp.asarray(features.middle), jnp.asarray(features.half)
        self._goal = jnp.asarray(features.goal, jnp.float32)
        self._references = jnp.asarray(features.references)
        self._targets = jnp.asarray(features.targets)

    def __call__(
        self,
        rows: jax.Array,
        positions: jax.Array,
        velocities: jax.Array,
        sounding: jax.Array,
        actions: jax.Array,
    ) -> jax.Array:
        """The features of ``n`` pairs of hands, shape ``(n, size)``.

        Args:
            rows: control step that comes next, shape ``(n,)``.
            positions: of the joints, as they are read, shape ``(n, n_joints)`` [rad, m].
            velocities: of the joints, the same.
            sounding: which keys sound, shape ``(n, n_keys)``.
            actions: past actions, newest first, shape ``(n, HISTORY, n_joints)``.
        """
        rows = jnp.clip(rows, 0, self._last)
        ahead = self._references[rows[:, None] + jnp.arange(PLAN_ROWS)] - positions[:, None]
        blocks = (
            (positions - self._middle) / self._half,
            velocities * SPEED_SCALE,
            actions,
            sounding[:, self._keys],
            self._goal[rows[:, None] + jnp.arange(LOOKAHEAD + 1)],
            PLAN_SCALE * ahead,
            PLAN_SCALE * (self._targets[rows] - positions),
            rows / self._last,
        )
        flat = [block.reshape(len(rows), -1).astype(jnp.float32) for block in blocks]
        return jnp.concatenate(flat, axis=1)

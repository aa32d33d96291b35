"""Keys that no finger is near, moved by a formula: Warp then solves for the others only."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from sim.mjx.contacts import Data

NEAR_M = 0.004
"""Gap between a fingertip and a key below which the solver moves the key, now or a step later."""

_ASLEEP_RAD = 1e-5
"""Angle of a key that rests and is not solved for: off its stop, which would be a constraint."""

_SETTLED_S = 1.0
"""In which keys come to rest."""


class LooseKeys:
    """The springs of keys, in the same steps as MuJoCo's (semi-implicit, damping implicit)."""

    def __init__(self, mj: mujoco.MjModel) -> None:
        """Find keys and fingertips of a reduced model."""
        keys, tips = np.flatnonzero(mj.geom_conaffinity), np.flatnonzero(mj.geom_contype)
        dofs = mj.body_dofadr[mj.geom_bodyid[keys]]
        joints = mj.dof_jntid[dofs]
        self._keys, self._dofs, self._tips = keys, dofs, tips
        self._bodies, self._trees = mj.geom_bodyid[tips], mj.dof_treeid[dofs]
        self._roots, self._n_trees = mj.body_rootid[self._bodies], mj.ntree
        self._half_m = mj.geom_size[keys]
        self._radius_m, self._along_m = mj.geom_size[tips, :2].T
        self._stiffness, self._damping = mj.jnt_stiffness[joints], mj.dof_damping[dofs]
        self._reference_rad = mj.qpos_spring[dofs]
        self._bottom_rad = mj.jnt_range[joints, 1]
        self._inertia = mj.dof_M0[dofs]
        self._rest_rad = _settled(mj)[dofs]
        self._step_s = float(mj.opt.timestep)

    def __call__(self, data: Data) -> Data:
        """What a physics step shall begin with.

        A key that Warp does not move keeps its speed for the step, so the speed that it gets here
        is the one that it ends with.
        """
        angle, speed = data.qpos[self._dofs], data.qvel[self._dofs]
        angle = jnp.where(angle == _ASLEEP_RAD, self._rest_rad, angle)
        sprung = self._sprung(angle, speed)
        next_angle = angle + self._step_s * sprung
        solved = self._near(data) | (next_angle > self._bottom_rad)
        rests = ~solved & (next_angle <= _ASLEEP_RAD)
        angle = jnp.where(rests, _ASLEEP_RAD, angle)
        speed = jnp.where(solved, speed, jnp.where(rests, 0.0, sprung))
        awake = jnp.ones(self._n_trees, jnp.int32).at[self._trees].set(solved.astype(jnp.int32))
        return data.replace(
            qpos=data.qpos.at[self._dofs].set(angle),
            qvel=data.qvel.at[self._dofs].set(speed),
            _impl=data._impl.replace(tree_awake=awake),  # MJX's name for what differs
        )

    def _sprung(self, angle: jax.Array, speed: jax.Array) -> jax.Array:
        """Speed after a step that only spring and damper act in."""
        torque = self._stiffness * (self._reference_rad - angle) - self._damping * speed
        return speed + self._step_s * torque / (self._inertia + self._step_s * self._damping)

    def _near(self, data: Data) -> jax.Array:
        """Which keys a fingertip comes near to in this step: a capsule, by its ends and middle."""
        axis = data.geom_xmat[self._tips].reshape(-1, 3, 3)[:, :, 2] * self._along_m[:, None]
        before = data.geom_xpos[self._tips]
        moves = self._step_s * self._velocities(data, before)
        along = jnp.stack([-axis, jnp.zeros_like(axis), axis])
        points = jnp.stack([before, before + moves, before + 2 * moves])[:, None] + along
        away = points[..., None, :] - data.geom_xpos[self._keys]
        turned = data.geom_xmat[self._keys].reshape(-1, 3, 3)  # a pressed key's back stands higher
        beyond = jnp.abs(jnp.einsum("...kj,kji->...ki", away, turned)) - self._half_m
        gaps = jnp.linalg.norm(jnp.maximum(beyond, 0.0), axis=-1) - self._radius_m[:, None]
        return (gaps < NEAR_M).any(axis=(0, 1, 2))

    def _velocities(self, data: Data, places: jax.Array) -> jax.Array:
        """Of fingertips [m/s], as old as their places: from before the last physics step."""
        turning, moving = jnp.split(data.cvel[self._bodies], 2, axis=1)
        return moving + jnp.cross(turning, places - data.subtree_com[self._roots])


def _settled(mj: mujoco.MjModel) -> np.ndarray:
    """Where joints come to rest when nothing is commanded."""
    data = mujoco.MjData(mj)
    mujoco.mj_step(mj, data, round(_SETTLED_S / mj.opt.timestep))
    return data.qpos

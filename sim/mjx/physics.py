"""MuJoCo's steps on a device: pure functions of one environment, to be batched by ``jax.vmap``."""

from __future__ import annotations

import copy

import jax
import jax.numpy as jnp
import mujoco
from mujoco import mjx

from sim.mjx.contacts import Data, overflowed
from sim.mjx.errors import ContactOverflowError
from sim.mjx.loose_keys import LooseKeys
from sim.mjx.model import Implementation, max_contacts, max_dofs, max_near_keys, max_rows
from sim.model import PHYSICS_STEPS_PER_CONTROL


class MjxPhysics:
    """A reduced model on the device."""

    def __init__(self, mj: mujoco.MjModel, implementation: Implementation, n_envs: int) -> None:
        """Put a model on the device.

        Args:
            mj: from ``build_reduced`` or ``build_reduced_playable``.
            implementation: of the physics.
            n_envs: environments that will be stepped together: Warp shares room for contacts.
        """
        self._mj, self._room, self._loose_keys = mj, {}, _all_solved
        if implementation == "warp":
            _keep_warp_quiet()
            self._mj, self._loose_keys = _freezing(mj), LooseKeys(mj)
            self._room = {
                "naconmax": n_envs * max_contacts(mj),
                "njmax": max_rows(mj),
                "nvmax": max_dofs(mj),
            }
        self._mjx = mjx.put_model(self._mj, impl=implementation)
        self._implementation = implementation

    def fresh(self) -> Data:
        """All joints at zero, at rest."""
        data = mjx.make_data(self._mj, impl=self._implementation, **self._room)
        return mjx.kinematics(self._mjx, data)

    def advance(self, data: Data, ctrl: jax.Array) -> tuple[Data, jax.Array, jax.Array]:
        """Hold servo targets for a control step.

        Args:
            data: the state.
            ctrl: shape ``(nu,)`` [rad, m].

        Returns:
            The state with places as they are now; ``qpos`` after each physics step, shape
            ``(10, nq)``; whether contacts were dropped for want of room.
        """

        def substep(data: Data, _: None) -> tuple[Data, tuple[jax.Array, jax.Array]]:
            data = mjx.step(self._mjx, self._loose_keys(data))
            return data, (data.qpos, overflowed(data))

        with jax.default_matmul_precision("highest"):  # TF32 would blur the physics
            data, (qpos, dropped) = jax.lax.scan(
                substep, data.replace(ctrl=ctrl), length=PHYSICS_STEPS_PER_CONTROL
            )
        return mjx.kinematics(self._mjx, data), qpos, dropped.any()

    def placed(
        self, data: Data, where: jax.Array, qpos: jax.Array, qvel: jax.Array, ctrl: jax.Array
    ) -> Data:
        """The state, or another one at its beginning where ``where`` holds.

        Only what moves is replaced: Warp's buffers are shared by all environments.
        """
        rest = {"qacc_warmstart": jnp.zeros_like(data.qvel), "time": jnp.zeros_like(data.time)}
        begun = {"qpos": qpos, "qvel": qvel, "ctrl": ctrl} | rest
        moving = {name: jnp.where(where, new, getattr(data, name)) for name, new in begun.items()}
        return mjx.kinematics(self._mjx, data.replace(**moving))

    def check(self, dropped: jax.Array) -> None:
        """To be called now and then outside of compiled code.

        Args:
            dropped: whether contacts were dropped in each environment.

        Raises:
            ContactOverflowError: they were in one.
        """
        if count := int(dropped.sum()):
            raise ContactOverflowError(
                f"{count} of {dropped.size} environments had more than {max_contacts(self._mj)} "
                f"contacts or {max_near_keys(self._mj)} keys near fingertips: leave MJX out, or "
                "build the reduced model with more max_contacts and max_near_keys"
            )


def _keep_warp_quiet() -> None:
    """Standard output is for what a command tells; Warp tells there what it compiles."""
    import warp  # JAX's implementation does without  # noqa: PLC0415

    warp.config.log_level = max(warp.config.log_level, warp.LOG_WARNING)


def _all_solved(data: Data) -> Data:
    return data


def _freezing(mj: mujoco.MjModel) -> mujoco.MjModel:
    """A model in which Warp leaves out what is marked as asleep, and marks nothing itself."""
    mj = copy.copy(mj)
    mj.opt.enableflags |= int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    mj.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_ISLAND)
    return mj

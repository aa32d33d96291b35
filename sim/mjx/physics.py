"""MuJoCo's steps on a device: pure functions of one environment, to be batched by ``jax.vmap``."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import mujoco
from mujoco import mjx

from sim.mjx.contacts import Data, overflowed
from sim.mjx.errors import ContactOverflowError
from sim.mjx.model import Implementation, max_contacts, max_rows
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
        self._mjx = mjx.put_model(mj, impl=implementation)
        self._mj, self._room, self._max_contacts = mj, {}, max_contacts(mj)
        if implementation == "warp":
            self._room = {"naconmax": n_envs * self._max_contacts, "njmax": max_rows(mj)}
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
            data = mjx.step(self._mjx, data)
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
                f"{count} of {dropped.size} environments had more than {self._max_contacts} "
                "contacts: build the reduced model with more max_contacts"
            )

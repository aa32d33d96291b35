"""Whether contacts were dropped for want of room: MJX itself goes on without a word."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from mujoco.mjx import Impl

Data = Any
"""MJX's state: a tree of arrays that is published without types."""


def overflowed(data: Data) -> jax.Array:
    """Whether the last physics step of one environment had no room for all contacts.

    Warp says so itself, in a word of bits. The JAX implementation keeps the deepest contacts, as
    many as there is room for: when every one of them is a contact, more may have been.

    Args:
        data: MJX's state, of one environment.
    """
    if data.impl == Impl.WARP:
        return jnp.any(data._impl.overflow != 0)  # MJX's name for what differs
    return jnp.all(data._impl.contact.dist < data._impl.contact.includemargin)

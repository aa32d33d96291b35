"""What can go wrong on a device and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jax.errors import JaxRuntimeError

from sim.errors import SimError


class ContactOverflowError(SimError):
    """More contacts than there was room for: some were dropped, the physics is wrong."""


class DeviceMemoryError(SimError):
    """The device has too little memory for so many environments."""


@contextmanager
def device_memory(n_envs: int) -> Iterator[None]:
    """Say in one line what to change when the device runs out of memory.

    Args:
        n_envs: environments stepped together, for the message.

    Raises:
        DeviceMemoryError: instead of JAX's own error about memory; others pass.
    """
    try:
        yield
    except (JaxRuntimeError, RuntimeError, MemoryError) as error:
        if not _is_about_memory(error):
            raise
        raise DeviceMemoryError(
            f"the device has too little memory for {n_envs} environments: try {n_envs // 2} "
            "(--envs), or end what else uses the device"
        ) from error


def _is_about_memory(error: BaseException) -> bool:
    """JAX says RESOURCE_EXHAUSTED, Warp that it failed to allocate."""
    text = str(error)
    return isinstance(error, MemoryError) or any(
        sign in text for sign in ("RESOURCE_EXHAUSTED", "Out of memory", "ailed to allocate")
    )

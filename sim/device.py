"""What can go wrong on a device with memory of its own, as JAX and Warp see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jax.errors import JaxRuntimeError

from sim.errors import SimError

_SIGNS = ("resource_exhausted", "out of memory", "out_of_memory", "failed to allocate")


class DeviceMemoryError(SimError):
    """The device has too little memory."""


@contextmanager
def device_memory(needed: str, advice: str) -> Iterator[None]:
    """Say in one line what to change when the device runs out of memory.

    Args:
        needed: what there is no room for, such as `4096 environments`.
        advice: what to try, such as `2048 (--envs)`.

    Raises:
        DeviceMemoryError: instead of JAX's or Warp's own error about memory; others pass.
    """
    try:
        yield
    except (JaxRuntimeError, RuntimeError, MemoryError) as error:
        if not _is_about_memory(error):
            raise
        raise DeviceMemoryError(
            f"the device has too little memory for {needed}: try {advice}, or end what else uses "
            "the device"
        ) from error


def _is_about_memory(error: BaseException) -> bool:
    """JAX and CUDA say it in several ways, Warp that it failed to allocate."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in text for sign in _SIGNS)

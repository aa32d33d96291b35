"""What can go wrong in MJX and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sim.device import device_memory
from sim.errors import SimError


class ContactOverflowError(SimError):
    """More contacts than there was room for: some were dropped, the physics is wrong."""


@contextmanager
def room_for(n_envs: int) -> Iterator[None]:
    """Say in one line when the device has too little memory for so many environments.

    Raises:
        DeviceMemoryError: it has.
    """
    with device_memory(f"{n_envs} environments", f"{n_envs // 2} (--envs)"):
        yield

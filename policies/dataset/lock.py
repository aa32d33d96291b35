"""One build at a time in one store."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from policies.errors import DatasetError
from score import try_lock


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Be the one process that writes into a store while the block runs, or until it is killed.

    The folder itself is locked, so that nothing of it stays in the dataset.

    Args:
        path: of the store; made when missing.

    Raises:
        DatasetError: another one writes there.
        OSError: it cannot be made.
    """
    path.mkdir(parents=True, exist_ok=True)
    descriptor = try_lock(path)
    if descriptor is None:
        raise DatasetError(
            f"{path}: another build writes there: wait for it or choose another --out"
        )
    try:
        yield
    finally:
        os.close(descriptor)  # the kernel does it for a process that is killed

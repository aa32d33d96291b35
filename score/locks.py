"""Locks that die with their process, so that kill -9 leaves nothing to wait for."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def try_lock(path: Path) -> int | None:
    """Be the one process that has a file or a folder, until it ends or closes the descriptor.

    Args:
        path: A folder, or a file, which is made when missing.

    Returns:
        An open file descriptor; None where another one has the lock.

    Raises:
        OSError: It cannot be opened or locked.
    """
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT
    descriptor = os.open(path, flags, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor

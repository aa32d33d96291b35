"""Locks that die with their process, so that kill -9 leaves nothing to wait for."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from optuna.storages.journal import JournalFileOpenLock

from calibration.errors import CalibrationError
from score import try_lock


class JournalLock(JournalFileOpenLock):
    """Lets one process at a time append to a study file.

    Optuna's own locks, of which this is one to its storage, are files that a killed process leaves
    behind: whoever comes next waits for half a minute. The kernel gives this one back.

    Args:
        path: The study file; the lock is on `<path>.lock`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._descriptor = -1

    def acquire(self) -> bool:
        """Wait for the lock."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)


def lead(path: Path) -> int:
    """Become the one process that leads the studies of a file, until it ends or closes this.

    Args:
        path: The study file; the lock is on `<path>.leader`.

    Returns:
        An open file descriptor; closing it ends the lead.

    Raises:
        CalibrationError: Another process leads.
        OSError: The folder cannot be written.
    """
    descriptor = try_lock(path.with_name(path.name + ".leader"))
    if descriptor is None:
        raise CalibrationError(
            f"another process calibrates with {path}: wait for it, or help it with --join"
        )
    return descriptor

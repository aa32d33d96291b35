"""One graph per ROS domain: two would send their targets to each other's hands."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path
from types import TracebackType

from piano_nodes.errors import NodeError


class DomainLock:
    """Held by a front end while its graph runs; a context manager. Released when a process dies.

    Raises:
        NodeError: from `__enter__`, when another graph has the domain.
    """

    def __init__(self) -> None:
        self._domain = os.environ.get("ROS_DOMAIN_ID", "") or "0"
        self._path = Path(tempfile.gettempdir()) / f"dacapo-ros-domain-{self._domain}.lock"
        self._file: int | None = None

    def __enter__(self) -> DomainLock:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            self._file = os.open(self._path, flags, 0o666)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._let_go()
            raise NodeError(
                f"ROS domain {self._domain} is taken by another Da Capo graph "
                f"(process {self._holder()}): stop it, or choose another domain with ROS_DOMAIN_ID"
            ) from error
        os.ftruncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._let_go()

    def _let_go(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _holder(self) -> str:
        try:
            return self._path.read_text().strip() or "unknown"
        except OSError:
            return "unknown"

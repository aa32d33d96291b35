"""Which processes hold a device open."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")
_PTY_MASTERS = ("/dev/ptmx", "/dev/pts/ptmx")


def holders_of(device: Path) -> list[str]:
    """Processes other than this one that hold a device open, such as `python3 (process 4711)`.

    Processes of other users can only be seen by root. The process behind a pty, which is the
    device itself, is not counted.

    Args:
        device: Path of the device, symlinks resolved.
    """
    processes = (entry for entry in PROC.iterdir() if entry.name.isdecimal())
    others = (entry for entry in processes if int(entry.name) != os.getpid())
    return [_name(process) for process in others if _holds(process, device)]


def _holds(process: Path, device: Path) -> bool:
    open_files = _open_files(process)
    if str(device) not in open_files:
        return False
    is_pty = device.is_relative_to("/dev/pts")
    return not (is_pty and any(master in open_files for master in _PTY_MASTERS))


def _open_files(process: Path) -> set[str]:
    files = set()
    try:
        for entry in (process / "fd").iterdir():
            files.add(os.readlink(entry))
    except OSError:  # another user's, or it has just ended
        pass
    return files


def _name(process: Path) -> str:
    try:
        name = (process / "comm").read_text().strip()
    except OSError:
        name = "a process"
    return f"{name} (process {process.name})"

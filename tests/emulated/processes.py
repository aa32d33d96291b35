"""Finding the processes that a graph has started."""

import os
from pathlib import Path


def children(parent: int, word: str) -> list[int]:
    """Processes that `parent` started with a word in their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace")
            status = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(status[1]) == parent and status[0] != "Z" and word in words:
            found.append(int(process.name))
    return found


def alive(number: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def own_children(word: str) -> list[int]:
    """`children` of this process."""
    return children(os.getpid(), word)

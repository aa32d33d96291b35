"""What a loop has done so far, on disk after every step, so that it can be stopped anywhere."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from calibration.loop.errors import LoopError
from score import try_lock, write_whole

Facts = dict[str, Any]
"""JSON values by name."""

FILE, LOCK = "state.json", "lock"

_SCHEMA = 1

_WORDS = {"place": "world or device file"}
"""What users call a setting, where that is not its name."""


class State:
    """The finished steps of one loop; a context manager that holds its folder.

    A step is a name and what came of it. The loop goes through all its steps in the same order
    every time; those that are finished answer from the file. A process that is killed therefore
    loses the step it was in and nothing else.

    Args:
        folder: Of the loop; made when missing.
        setup: What shapes the loop, JSON values; a folder with another one is refused.
        resume: Whether to go on with what the folder holds.

    Raises:
        LoopError: Another process has the folder, it holds a loop that nobody asked to go on with,
            one with another setup, or a damaged one.
        OSError: The folder cannot be written.
    """

    def __init__(self, folder: Path, setup: Mapping[str, Any], *, resume: bool) -> None:
        self.folder, self._setup = folder, json.loads(json.dumps(setup))
        folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = _hold(folder)
        try:
            self._steps = self._read(resume)
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)  # the kernel does it for a process that is killed

    def __contains__(self, name: str) -> bool:
        """Whether a step is finished."""
        return name in self._steps

    def once(self, name: str, do: Callable[[], Facts]) -> Facts:
        """What came of a step; it is done now if it was not.

        Args:
            name: Of the step, unlike all others.
            do: Does it; whatever it left unfinished on disk when it was killed, it must bear.

        Returns:
            What came of it, as it is read back from JSON: the same now and after a restart.
        """
        if name not in self._steps:
            began_s = time.monotonic()
            result = json.loads(json.dumps(do()))
            wall_s = round(time.monotonic() - began_s, 3)
            self._steps[name] = {"result": result, "wall_s": wall_s}
            self._write()
        done: Facts = self._steps[name]["result"]
        return done

    def wall_s(self, prefix: str) -> float:
        """Wall-clock time of the finished steps whose names begin with `prefix` [s].

        Sessions that were killed in the middle of a step do not count.
        """
        return float(sum(s["wall_s"] for name, s in self._steps.items() if name.startswith(prefix)))

    def _read(self, resume: bool) -> dict[str, Facts]:
        path = self.folder / FILE
        if not path.is_file():
            return {}
        if not resume:
            raise LoopError(f"{self.folder} holds a loop: --resume goes on with it, or use --out")
        try:
            content = json.loads(path.read_text())
            steps: dict[str, Facts] = content["steps"]
            setup, schema = content["setup"], content["schema"]
            sound = all({"result", "wall_s"} <= step.keys() for step in steps.values())
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise _damaged(path) from error
        if schema != _SCHEMA or not isinstance(setup, dict) or not sound:
            raise _damaged(path)
        if odd := _difference(setup, self._setup):
            raise LoopError(
                f"{self.folder} holds a loop with another {odd}: undo that, or begin anew with "
                "another --out"
            )
        return steps

    def _write(self) -> None:
        content = {"schema": _SCHEMA, "setup": self._setup, "steps": self._steps}
        write_whole(self.folder / FILE, json.dumps(content, indent=1).encode())


def was_begun(folder: Path) -> bool:
    """Whether a loop was begun in a folder, if only that."""
    return (folder / LOCK).is_file()


def _hold(folder: Path) -> int:
    """Be the one process that works in a folder, until it ends or closes the descriptor."""
    descriptor = try_lock(folder / LOCK)
    if descriptor is None:
        raise LoopError(f"another loop works in {folder}: wait for it, or choose another --out")
    return descriptor


def _damaged(path: Path) -> LoopError:
    return LoopError(f"{path} is damaged: begin anew with another --out; recordings are kept")


def _difference(old: Facts, new: Facts) -> str | None:
    """The first setting that differs, as words."""
    names = (name for name in {**new, **old} if old.get(name) != new.get(name))
    return next((_WORDS.get(name, name.replace("_", " ")) for name in names), None)

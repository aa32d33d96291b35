"""RoboPianist in a process of its own, for `dacapo bench sim --peer`."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Peer:
    """RoboPianist in a process of its own."""

    def __init__(self, python: str, actions: NDArray[np.float64], folder: Path) -> None:
        """Take its Python, and the actions of a pass, which are laid into a folder."""
        import numpy as np

        self._python, self._file = python, folder / "actions.npy"
        np.save(self._file, actions)

    def __enter__(self) -> Peer:
        """Start it and wait until it is ready.

        Raises:
            DaCapoError: It cannot be run.
        """
        script = Path(__file__).with_name("peer_robopianist.py")
        command = [self._python, "-P", str(script), str(self._file)]  # -P: our files are not its
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        try:
            self._process = subprocess.Popen(command, text=True, stderr=subprocess.DEVNULL, **pipes)
        except OSError as error:
            from score.errors import DaCapoError

            raise DaCapoError(f"cannot run {self._python}: {error.strerror}") from error
        self._line()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    def rate(self) -> float:
        """Its control steps per second in one pass over the actions."""
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            from score.errors import DaCapoError

            raise DaCapoError(
                f"{self._python} cannot step RoboPianist: install it as docs/two_hands.md says"
            )
        return line

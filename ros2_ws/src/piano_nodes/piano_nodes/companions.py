"""Processes beside a graph that otherwise runs in this one.

What drives devices must not wait for the interpreter that the other nodes share: while a
performance is written down, they were seen to keep a bus thread waiting for 0.5 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO

import yaml

from piano_nodes.errors import NodeError
from piano_nodes.graph import EmulatorSpec, NodeSpec
from piano_nodes.process import ERROR, FOLLOW_PARENT

STOP_S = 10.0
"""How long a process may take to end [s]."""

NOTHING: Mapping[str, str] = MappingProxyType({})


class Companion:
    """One executable of this package as a process; it also ends when this one is killed.

    What it says goes to standard error, except why it failed: that is an error here.

    Args:
        executable: Of the package.
        arguments: Of its command line.
        environment: Of the process, beside that of this one.
    """

    def __init__(
        self, executable: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self._name = executable
        self._said: deque[str] = deque(maxlen=1)
        start = f"import sys; from piano_nodes import executables as e; sys.exit(e.{executable}())"
        self._process = subprocess.Popen(  # noqa: S603  our own Python and words
            [sys.executable, "-c", start, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, **environment, FOLLOW_PARENT: str(os.getpid())},
            start_new_session=True,  # Ctrl-C is ours to handle: others must end before it
        )
        assert self._process.stderr is not None  # noqa: S101  it is a pipe
        self._listener = threading.Thread(
            target=self._listen, args=(self._process.stderr,), name=executable, daemon=True
        )
        self._listener.start()

    def ended(self) -> bool:
        """Whether it runs no more."""
        return self._process.poll() is not None

    def check(self) -> None:
        """See that it still runs.

        Raises:
            NodeError: it has ended; why.
        """
        if self.ended():
            self._listener.join(1.0)
            code = f"'{self._name}' ended with code {self._process.returncode}"
            raise NodeError(self._said[0] if self._said else code)

    def close(self) -> None:
        """End it; does nothing the second time."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._listener.join(1.0)

    def _listen(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                if line.startswith(ERROR):
                    self._said.append(line.removeprefix(ERROR).strip())
                else:
                    sys.stderr.write(line)


class NodeCompanion(Companion):
    """A node as a process.

    Args:
        spec: Which one.
        environment: Of the process, beside that of this one.
    """

    def __init__(self, spec: NodeSpec, environment: Mapping[str, str] = NOTHING) -> None:
        handle, name = tempfile.mkstemp(prefix="dacapo-", suffix=".yaml")
        self._parameters = Path(name)
        values = {spec.name: {"ros__parameters": dict(spec.parameters)}}
        with os.fdopen(handle, "w") as file:
            yaml.safe_dump(values, file)
        remappings = [f"{old}:={new}" for old, new in spec.remappings.items()]
        words = [word for pair in (f"__node:={spec.name}", *remappings) for word in ("-r", pair)]
        ros = ["--ros-args", "--params-file", name, *words, "--log-level", "warn"]
        super().__init__(spec.executable, ros, environment)

    def close(self) -> None:
        """End it; does nothing the second time."""
        super().close()
        self._parameters.unlink(missing_ok=True)


class EmulatorCompanion(Companion):
    """An emulated rig as a process.

    Args:
        spec: Which one.
        environment: Of the process, beside that of this one.
    """

    def __init__(self, spec: EmulatorSpec, environment: Mapping[str, str] = NOTHING) -> None:
        super().__init__(spec.executable, spec.arguments, environment)

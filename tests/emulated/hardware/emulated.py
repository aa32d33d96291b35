"""`dacapo emulate` in a process of its own, as users start it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def emulate(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Start it, wait until it says where its devices are, stop it at the end."""
    command = [sys.executable, "-m", "dacapo", "emulate", "--json", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process, _announced(process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        _, complaint = process.communicate(timeout=20)
    assert process.returncode == 0, complaint


def _announced(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line == "}\n":
            announced: dict[str, Any] = json.loads(text)
            return announced
    raise AssertionError(f"it ended instead: {process.communicate()[1]}")

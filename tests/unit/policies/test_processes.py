"""Processes end with whoever opened them, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from policies.processes import open_processes

_MARK: list[str] = []

LEADER = """
import sys, time
from pathlib import Path
from policies.processes import open_processes
from tests.unit.policies.test_processes import write_pid_and_sleep
if __name__ == "__main__":
    with open_processes(1) as pool:
        pool.submit(write_pid_and_sleep, Path(sys.argv[1])).result()
"""


def remember(word: str) -> None:
    _MARK.append(word)


def remembered() -> list[str]:
    return _MARK


def write_pid_and_sleep(path: Path) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(str(os.getpid()))
    partial.rename(path)
    time.sleep(600.0)


def _interrupted(path: Path) -> None:
    with open_processes(1) as pool:
        pool.submit(write_pid_and_sleep, path)
        _pid(path)
        raise KeyboardInterrupt


def _pid(path: Path) -> int:
    until_s = time.monotonic() + 30.0
    while not path.is_file() and time.monotonic() < until_s:
        time.sleep(0.02)
    return int(path.read_text())


def _is_gone(pid: int) -> bool:
    until_s = time.monotonic() + 10.0
    while time.monotonic() < until_s:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if "State:\tZ" in Path(f"/proc/{pid}/status").read_text():
            return True  # dead; nobody waits for it where no process 1 does
        time.sleep(0.02)
    return False


def test_each_is_set_up() -> None:
    with open_processes(1, remember, "set up") as pool:
        assert pool.submit(remembered).result() == ["set up"]


def test_a_block_that_fails_waits_for_nobody(tmp_path: Path) -> None:
    path, began_s = tmp_path / "pid", time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        _interrupted(path)
    assert _is_gone(_pid(path))
    assert time.monotonic() - began_s < 60.0


def test_they_die_with_a_leader_that_is_killed(tmp_path: Path) -> None:
    script, path = tmp_path / "leader.py", tmp_path / "pid"
    script.write_text(LEADER)
    root = str(Path(__file__).parents[3])
    leader = subprocess.Popen(
        [sys.executable, str(script), str(path)], env={**os.environ, "PYTHONPATH": root}
    )
    pid = _pid(path)
    leader.send_signal(signal.SIGKILL)
    leader.wait()
    assert _is_gone(pid)

"""The state of a loop survives whatever happens to its process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration.loop.errors import LoopError
from calibration.loop.state import FILE, State

ROOT = Path(__file__).parents[3]
SETUP: dict[str, Any] = {"songs": ["ode_to_joy"], "rig": "leap_rail_49", "world_sha256": "abc"}

COUNTING = """\
import sys, time
from pathlib import Path
from calibration.loop.state import State

folder = Path(sys.argv[1])
with State(folder, {setup!r}, resume=True) as state:
    total = 0
    for step in range(40):
        def add(before=total, step=step):
            with (folder / "done.txt").open("a") as file:
                file.write(f"{{step}}\\n")
            time.sleep(0.005)
            return {{"total": before * 31 % 1009 + step}}
        total = state.once(f"{{step}}", add)["total"]
    print(total)
"""


def counting(folder: Path) -> subprocess.Popen[str]:
    code = [sys.executable, "-c", COUNTING.format(setup=SETUP), str(folder)]
    return subprocess.Popen(code, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def total_of(folder: Path) -> str:
    with counting(folder) as process:
        assert process.stdout is not None
        return process.stdout.read()


def test_killed_at_random_moments_it_comes_to_the_same_end(tmp_path: Path) -> None:
    draws, kills, folder = np.random.default_rng(5), 0, tmp_path / "killed"
    for _ in range(4):
        with counting(folder) as process:
            while process.poll() is None and not (folder / FILE).is_file():
                time.sleep(0.001)
            time.sleep(draws.uniform(0.0, 0.06))
            process.kill()
        kills += process.returncode == -signal.SIGKILL
    assert kills >= 3
    assert total_of(folder) == total_of(tmp_path / "whole") != ""
    steps = [int(line) for line in (folder / "done.txt").read_text().splitlines()]
    assert sorted(set(steps)) == list(range(40))
    assert len(steps) <= 40 + kills  # nothing that was finished is done again


def test_a_finished_step_answers_what_it_answered(tmp_path: Path) -> None:
    with State(tmp_path, SETUP, resume=False) as state:
        first = state.once("play", lambda: {"f1": 0.1 + 0.2, "keys": (1, 2)})
        assert state.once("play", lambda: pytest.fail("done twice")) == first
        assert "play" in state
        assert "sing" not in state
    with State(tmp_path, SETUP, resume=True) as state:
        again = state.once("play", lambda: pytest.fail("done twice"))
    assert again == first == {"f1": 0.1 + 0.2, "keys": [1, 2]}


def test_a_step_that_fails_is_not_finished(tmp_path: Path) -> None:
    with State(tmp_path, SETUP, resume=False) as state:
        with pytest.raises(ZeroDivisionError):
            state.once("play", lambda: {"f1": 1 / 0})
        assert state.once("play", lambda: {"f1": 1.0}) == {"f1": 1.0}
        assert state.wall_s("pl") >= 0.0


def test_two_loops_on_one_folder_are_refused(tmp_path: Path) -> None:
    with (
        State(tmp_path, SETUP, resume=False),
        pytest.raises(LoopError, match="another loop works in"),
    ):
        State(tmp_path, SETUP, resume=True)
    State(tmp_path, SETUP, resume=True).__exit__()


def test_what_a_folder_holds_is_neither_overwritten_nor_mixed_up(tmp_path: Path) -> None:
    with State(tmp_path, SETUP, resume=False) as state:
        state.once("play", lambda: {"f1": 1.0})
    with pytest.raises(LoopError, match="--resume goes on with it"):
        State(tmp_path, SETUP, resume=False)
    with pytest.raises(LoopError, match="another world sha256: undo that"):
        State(tmp_path, SETUP | {"world_sha256": "abd"}, resume=True)
    with pytest.raises(LoopError, match="another world or device file"):
        State(tmp_path, SETUP | {"place": "abd"}, resume=True)
    with pytest.raises(LoopError, match="another rounds"):
        State(tmp_path, SETUP | {"rounds": 3}, resume=True)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"schema": 1, "setup": {}, "steps": []}', "damage", "schema", "cut"],
)
def test_a_damaged_state_is_named(text: str, tmp_path: Path) -> None:
    with State(tmp_path, SETUP, resume=False) as state:
        state.once("play", lambda: {"f1": 1.0})
    path = tmp_path / FILE
    whole = path.read_text()
    damaged = {
        "damage": json.dumps({"schema": 1, "setup": SETUP, "steps": {"play": {"f1": 1}}}),
        "schema": whole.replace('"schema": 1', '"schema": 2'),
        "cut": whole[: len(whole) // 2],
    }
    path.write_text(damaged.get(text, text))
    with pytest.raises(LoopError, match=r"state\.json is damaged"):
        State(tmp_path, SETUP, resume=True)

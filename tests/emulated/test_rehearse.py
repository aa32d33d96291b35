"""A performance that the loop orders ends with the loop, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulated.graph import until
from tests.emulated.processes import alive, children

pytest.importorskip("rtmidi", reason="python-rtmidi is not installed (make setup)")

ROOT = Path(__file__).parents[2]

ORDER = """
import sys
from pathlib import Path
from calibration.loop import Order
from dacapo.rehearse import emulated_place

order = Order("ode_to_joy", "planner", 1, Path(sys.argv[1]))
emulated_place("nominal", "leap_rail_49").play(order, lambda _: None)
"""


def test_a_killed_loop_leaves_no_hand_playing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", f"dacapo-rehearse-{os.getpid()}")
    with subprocess.Popen([sys.executable, "-c", ORDER, str(tmp_path)], cwd=ROOT) as loop:
        until(lambda: bool(children(loop.pid, "dacapo")), 60.0)
        (player,) = children(loop.pid, "dacapo")
        until(lambda: bool(children(player, "e.hand()")), 60.0)
        beside = children(player, "executables")
        loop.send_signal(signal.SIGKILL)
    until(lambda: not alive(player), 15.0)
    assert len(beside) >= 2
    assert not any(map(alive, beside))
    assert list(tmp_path.glob(".*.partial")) == []  # it cleared up

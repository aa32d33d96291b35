"""Playing for the loop through ROS: every performance is a `dacapo play` in its own process.

ROS can be started once in a process and not stopped cleanly, training keeps its memory, and a hand
that was in trouble is left to a process that ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calibration.loop import Order, Place
    from policies.performer import Progress

PATIENCE_S = 30.0
"""How long a performance that is stopped may take to let go of the hand."""


def emulated_place(world: str, rig: str) -> Place:
    """A world behind a serial device and a MIDI port.

    Raises:
        WorldError: there is no such world, or it is wrong.
    """
    from calibration.loop import Place, world_fingerprint

    world_fingerprint(world)
    options = ["--rig", rig, "--mode", "emulated", "--world", world]

    def play(order: Order, report: Callable[[Progress], None]) -> None:
        _play(order, [*options, "--trial", str(order.trial)], report)

    return Place("emulated", play, lambda: world_fingerprint(world), world)


def real_place(rig: str, device: Path | None, port: str | None, keyboard: str | None) -> Place:
    """The hardware.

    Args:
        rig: its name or file.
        device: how the hand was put together; a rig with controllers of its own has none.
        port: serial device, if not the rig's.
        keyboard: part of its MIDI port's name, if there are several.
    """
    from calibration.loop import Place

    given = {"--device": device, "--port": port, "--keyboard": keyboard}
    options = ["--rig", rig, "--mode", "real"]
    for name, value in given.items():
        options += [name, str(value)] if value else []

    def fingerprint() -> str:
        content = device.read_bytes() if device else b""
        return hashlib.sha256(content).hexdigest()

    def play(order: Order, report: Callable[[Progress], None]) -> None:
        _play(order, options, report)

    fingerprint()  # a file that cannot be read is an error now
    return Place("real", play, fingerprint)


def _play(order: Order, options: Sequence[str], report: Callable[[Progress], None]) -> None:
    from policies.performer import Progress, Stage

    report(Progress(Stage.MOVING))  # that process tells nothing before its end: mind the hand
    command = ["play", order.song, "--policy", order.policy, "--out", str(order.out)]
    _run([sys.executable, "-m", "dacapo", *command, *options, "--json"])


def _run(command: Sequence[str]) -> None:
    """Wait for a process; if this one is stopped meanwhile, that one is too, and first.

    It also ends when this one is killed, by itself.

    Raises:
        LoopError: it failed; the message is its own.
    """
    from calibration.loop import LoopError
    from piano_nodes.process import FOLLOW_PARENT

    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, FOLLOW_PARENT: str(os.getpid())},
        start_new_session=True,
    )
    try:
        _, told = process.communicate()
    except BaseException:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=PATIENCE_S)
        process.kill()
        raise
    if process.returncode:
        lines = told.strip().splitlines() or [f"ended with code {process.returncode}"]
        reason = lines[-1].removeprefix("error: ")
        raise LoopError(f"the rig could not play: {reason}; mend that, then add --resume")

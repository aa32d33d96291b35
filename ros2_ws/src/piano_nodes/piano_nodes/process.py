"""Running one node as a process: its ending on signals, its errors as one line, its exit code.

Imports nothing heavy: a signal must find its handler in place while a node is still importing.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

FOLLOW_PARENT = "DACAPO_FOLLOW_PARENT"
"""Set by who starts processes to its own process number: `ros2 launch` leaves its processes behind
when it is terminated or killed, as anything does that is killed, so they end by themselves when
that parent is gone."""

ERROR = "error: "
"""How the line begins that says why a process failed."""

LOOPBACK = Path(__file__).with_name("loopback.xml")
"""Profile for Fast DDS: this machine only, over UDP."""

REACH = "ROS_AUTOMATIC_DISCOVERY_RANGE"
PROFILES = frozenset({"FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"})
"""Where Fast DDS is told of a profile, before version 3 and since."""

_POLL_S = 0.05


def prepare_environment() -> None:
    """Set what ROS reads from the environment, unless the user has said otherwise.

    Nodes find others on this machine only, and the workspace, which is installed into this
    Python's environment, is found without sourcing anything.
    """
    _stay_on_this_machine()
    _prepend("AMENT_PREFIX_PATH", sys.prefix)
    libraries = Path(sys.prefix) / "lib"
    if _prepend("LD_LIBRARY_PATH", str(libraries)):
        _load_messages(libraries)


def _stay_on_this_machine() -> None:
    """Talk over the loopback interface; with Fast DDS, by a profile of our own.

    What rmw_fastrtps does by itself for `LOCALHOST` has shared memory in it, whose health checks
    were seen to keep every publisher of a process waiting for 0.33 s when another process came or
    was killed (the motors stop after 0.16 s), and which a killed process leaves behind. Nodes
    without this profile are found as before.
    """
    reach = os.environ.setdefault(REACH, "LOCALHOST")
    middleware = os.environ.setdefault("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
    if reach == "LOCALHOST" and "fastrtps" in middleware and not PROFILES & os.environ.keys():
        os.environ.update(dict.fromkeys(PROFILES, str(LOOPBACK)))
        os.environ[REACH] = "SYSTEM_DEFAULT"  # leaves it to the profile


def _prepend(variable: str, folder: str) -> bool:
    """Put a folder in front of a search path; False when it is in it already."""
    folders = [path for path in os.environ.get(variable, "").split(os.pathsep) if path]
    if folder in folders:
        return False
    os.environ[variable] = os.pathsep.join([folder, *folders])
    return True


def _load_messages(folder: Path) -> None:
    """Load the libraries of our messages: the linker read its search path when Python started."""
    waiting = sorted(folder.glob("libpiano_msgs__*.so"))
    for _ in range(len(waiting)):  # they need each other, in an order that is the generators' own
        for library in list(waiting):
            with contextlib.suppress(OSError):
                ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
                waiting.remove(library)


def run_node(module: str, name: str) -> int:
    """Run a node until a signal or until it has `ended`; end it safely before rclpy goes.

    rclpy's own signal handlers close the context first, and a node could then no longer stop the
    hand; so they stay out.

    Args:
        module: Where the class of the node is.
        name: Name of the class.

    Returns:
        The exit code: 0, or 1 when the node could not start or reported a failure.
    """
    wait = _wait_for_the_end()
    prepare_environment()
    runner = importlib.import_module("piano_nodes.runner")

    def make() -> Any:  # noqa: ANN401  # a PianoNode, whose module is heavy
        return getattr(importlib.import_module(module), name)()

    return int(runner.run(make, wait))


def run_until_stopped(module: str, name: str, arguments: Sequence[str]) -> int:
    """Run something that is no node, in the same way.

    Args:
        module: Where its function is.
        name: Of the function; it is given the arguments, and what `run_node` waits with.
        arguments: Of the command line.

    Returns:
        The exit code: 0, or 1 when it failed.
    """
    wait = _wait_for_the_end()
    failure = importlib.import_module("score").DaCapoError
    try:
        getattr(importlib.import_module(module), name)(list(arguments), wait)
    except failure as error:
        sys.stderr.write(f"{ERROR}{error}\n")
        return 1
    return 0


def _wait_for_the_end() -> Callable[[], bool]:
    """What to call over and over: waits a moment, then tells whether to end."""
    stop, abandoned = threading.Event(), parent_watch()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return lambda: stop.wait(_POLL_S) or abandoned()


def parent_watch() -> Callable[[], bool]:
    """What to call over and over: whether who started this process is gone, if that matters."""
    parent = os.environ.get(FOLLOW_PARENT)
    return lambda: parent is not None and str(os.getppid()) != parent

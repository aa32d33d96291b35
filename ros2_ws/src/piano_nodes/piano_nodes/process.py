"""Running one node as a process: its ending on signals, its errors as one line, its exit code.

Imports nothing heavy: a signal must find its handler in place while a node is still importing.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable

FOLLOW_PARENT = "DACAPO_FOLLOW_PARENT"
"""Set by a launch file to its process number: `ros2 launch` leaves its processes behind when it is
terminated or killed, so they end by themselves when that parent is gone."""

_POLL_S = 0.05


def prepare_environment() -> None:
    """Set what ROS reads from the environment, unless the user has said otherwise.

    Nodes find others on this machine only, and the packages of this environment are found
    without sourcing anything.
    """
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    prefixes = [path for path in os.environ.get("AMENT_PREFIX_PATH", "").split(":") if path]
    if sys.prefix not in prefixes:
        os.environ["AMENT_PREFIX_PATH"] = ":".join([sys.prefix, *prefixes])


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
    stop, abandoned = threading.Event(), _parent_watch()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    prepare_environment()
    runner = importlib.import_module("piano_nodes.runner")
    kind = getattr(importlib.import_module(module), name)
    return int(runner.run(kind, lambda: stop.wait(_POLL_S) or abandoned()))


def _parent_watch() -> Callable[[], bool]:
    """Tells whether the process that started this one is gone, if that matters."""
    parent = os.environ.get(FOLLOW_PARENT)
    return lambda: parent is not None and str(os.getppid()) != parent

"""Running one node as a process: its ending on signals, its errors as one line, its exit code."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

import rclpy
from rclpy.signals import SignalHandlerOptions

from piano_nodes.node import PianoNode
from score import DaCapoError

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


AnyNode = TypeVar("AnyNode", bound=PianoNode)


def run_node(
    make: Callable[[], AnyNode], until: Callable[[AnyNode], threading.Event] | None = None
) -> int:
    """Run a node until a signal, or an event of the node's; end it safely before rclpy goes.

    rclpy's own signal handlers close the context first, and a node could then no longer stop the
    hand; so they stay out.

    Returns:
        The exit code: 0, or 1 when the node could not start or reported a failure.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    prepare_environment()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = make()
        node.start()
        ended = until(node) if until else stop
        while not (stop.is_set() or ended.wait(_POLL_S)):
            pass
        node.stop()
        return node.exit_code
    except DaCapoError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    finally:
        rclpy.try_shutdown()

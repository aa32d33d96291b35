"""The life of a node that has a process to itself."""

from __future__ import annotations

import sys
from collections.abc import Callable

import rclpy
from rclpy.signals import SignalHandlerOptions

from piano_nodes.node import PianoNode
from piano_nodes.process import ERROR
from score import DaCapoError


def run(make: Callable[[], PianoNode], wait: Callable[[], bool]) -> int:
    """Run a node until it has ended or `wait`, called over and over, says it must.

    Returns:
        The exit code: 0, or 1 when the node could not start or reported a failure.
    """
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = make()
        node.start()
        while not (node.ended.is_set() or wait()):
            pass
        node.stop()
        failure = node.failure
    except DaCapoError as error:
        failure = str(error)
    finally:
        rclpy.try_shutdown()
    if failure:
        sys.stderr.write(f"{ERROR}{failure}\n")
    return 1 if failure else 0

"""A node beside those under test, and waiting for what a graph does in its own time."""

import threading
import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.task import Future


class Beside:
    """A plain node that spins on its own thread; it is woken up and ends before the node goes."""

    def __init__(self, context: Context) -> None:
        self.node = rclpy.create_node("beside", context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self._open = True
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def soon(self, work: Callable[[], Any]) -> Future:
        """Call something once on the node's thread; done with what it returned."""
        return self._executor.create_task(work)

    def close(self) -> None:
        self._open = False
        self._executor.create_task(lambda: None)
        self._thread.join(timeout=5.0)
        assert not self._thread.is_alive()
        self.release()
        self._executor.shutdown()
        self.node.destroy_node()

    def release(self) -> None:
        """Let go of what rclpy does not destroy with a node; nothing is heard any more."""

    def _spin(self) -> None:
        while self._open:
            self._executor.spin_once()


def until(condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    give_up_at = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.01)
    return condition()

"""What hand and keyboard say about themselves: whether a performance can go on with them."""

from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray

from piano_nodes import qos
from piano_nodes.names import DIAGNOSTICS
from piano_nodes.node import UNUSABLE, PianoNode

HEARING_S = 5.0
"""How long to wait for other nodes to be found [s]; they tell how they are every second."""


class Trouble:
    """Listens to the diagnostics of all nodes.

    Args:
        node: That listens, on its executor's thread.
    """

    def __init__(self, node: PianoNode) -> None:
        self._unusable: dict[str, str] = {}
        self._heard: set[str] = set()
        self._node = node
        node.create_subscription(DiagnosticArray, DIAGNOSTICS, self._take, qos.DIAGNOSTICS)

    def __str__(self) -> str:
        """Why a node is of no use, in one line; empty when all are."""
        return "; ".join(self._unusable.copy().values())

    def await_tellers(self, topic: str) -> None:
        """Wait until whoever publishes a topic was heard: before, its messages may pass us by.

        Nodes of others, which tell no diagnostics, are waited for in vain: `HEARING_S`.
        """
        give_up_at = time.monotonic() + HEARING_S
        while time.monotonic() < give_up_at:
            tellers = {i.node_name for i in self._node.get_publishers_info_by_topic(topic)}
            if tellers and tellers <= self._heard:
                return
            time.sleep(0.05)

    def _take(self, message: DiagnosticArray) -> None:
        self._heard.update(status.name for status in message.status)
        for status in message.status:
            if any(pair.key == UNUSABLE for pair in status.values):
                self._unusable[status.name] = status.message
            else:
                self._unusable.pop(status.name, None)

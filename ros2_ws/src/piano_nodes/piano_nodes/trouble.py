"""What hand and keyboard say about themselves: whether a performance can go on with them."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray

from piano_nodes import qos
from piano_nodes.names import DIAGNOSTICS
from piano_nodes.node import UNUSABLE, PianoNode


class Trouble:
    """Listens to the diagnostics of all nodes.

    Args:
        node: That listens, on its executor's thread.
    """

    def __init__(self, node: PianoNode) -> None:
        self._unusable: dict[str, str] = {}
        node.create_subscription(DiagnosticArray, DIAGNOSTICS, self._take, qos.DIAGNOSTICS)

    def __str__(self) -> str:
        """Why a node is of no use, in one line; empty when all are."""
        return "; ".join(self._unusable.copy().values())

    def _take(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if any(pair.key == UNUSABLE for pair in status.values):
                self._unusable[status.name] = status.message
            else:
                self._unusable.pop(status.name, None)

"""Notices when the keyboard is pulled out and when it is back.

No MIDI system tells a listener that its port went away: it only falls silent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from hardware.keyboard.port import MidiKeyboard, PortChange

PERIOD_S = 0.1
"""How often to look [s]: nobody pulls a plug and puts it back in less."""


class PortWatcher:
    """Looks after a keyboard's port in a thread of its own; a context manager.

    Args:
        keyboard: Whose port; it must outlive this.
        on_change: Is called with each change, in this thread.
    """

    def __init__(self, keyboard: MidiKeyboard, on_change: Callable[[PortChange], None]) -> None:
        self._keyboard = keyboard
        self._on_change = on_change
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="keyboard port", daemon=True)
        self._thread.start()

    def __enter__(self) -> PortWatcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops looking; does nothing the second time."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(PERIOD_S):
            change = self._keyboard.refresh()
            if change is not None:
                self._on_change(change)

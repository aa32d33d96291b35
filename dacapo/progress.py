"""Progress on standard error: a line redrawn on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import TextIO

LINE_EVERY_S = 5.0
"""Period of lines when nobody watches a terminal (a log, a pipe)."""

REDRAW_EVERY_S = 0.1
BAR_WIDTH = 20


def bar(fraction: float) -> str:
    """A bar such as `[#####---------------]` for a fraction in 0..1."""
    filled = round(BAR_WIDTH * min(max(fraction, 0.0), 1.0))
    return f"[{'#' * filled}{'-' * (BAR_WIDTH - filled)}]"


class LiveLine:
    """The one line of progress of a verb; a context manager that ends the line."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._redraws = self._stream.isatty()
        self._next_s = 0.0 if self._redraws else time.monotonic() + LINE_EVERY_S
        self._drawn = False

    def __enter__(self) -> LiveLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._drawn and self._redraws:
            self._stream.write("\n")
            self._stream.flush()

    def show(self, text: str) -> None:
        """Shows the newest state, unless one was shown a moment ago."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        self._next_s = now_s + (REDRAW_EVERY_S if self._redraws else LINE_EVERY_S)
        self._drawn = True
        self._stream.write(self._frame(text))
        self._stream.flush()

    def keep(self, text: str) -> None:
        """Shows something that stays, in a line of its own."""
        self._stream.write(f"\r\x1b[K{text}\n" if self._redraws else f"{text}\n")
        self._stream.flush()
        self._drawn = False

    def _frame(self, text: str) -> str:
        if not self._redraws:
            return text + "\n"
        width = shutil.get_terminal_size().columns - 1
        return f"\r\x1b[K{text[:width]}"

"""The live line on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest

from dacapo import progress
from dacapo.progress import LiveLine, bar


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("fraction", "filled"), [(-1.0, 0), (0.0, 0), (0.5, 10), (1.0, 20), (2, 20)]
)
def test_bar(fraction: float, filled: int) -> None:
    assert bar(fraction) == "[" + "#" * filled + "-" * (20 - filled) + "]"


def test_terminal_line_is_redrawn_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "REDRAW_EVERY_S", 0.0)
    monkeypatch.setenv("COLUMNS", "10")
    stream = Terminal()
    with LiveLine(stream) as line:
        line.show("one")
        line.show("a line longer than the terminal")
    assert stream.getvalue() == "\r\x1b[Kone\r\x1b[Ka line lo\n"


def test_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    with LiveLine(stream) as line:
        line.show("too early")
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    with LiveLine(stream) as line:
        line.show("one")
        line.show("two")
    assert stream.getvalue() == "one\ntwo\n"


def test_what_is_kept_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "REDRAW_EVERY_S", 0.0)
    terminal, log = Terminal(), io.StringIO()
    for stream in (terminal, log):
        with LiveLine(stream) as line:
            line.show("going on")
            line.keep("round 1: done")
    assert terminal.getvalue() == "\r\x1b[Kgoing on\r\x1b[Kround 1: done\n"
    assert log.getvalue() == "round 1: done\n"

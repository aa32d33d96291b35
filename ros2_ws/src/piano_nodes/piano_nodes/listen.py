"""Recording a graph that somebody else started, until told to end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions

from piano_nodes.node import Surroundings
from piano_nodes.parameters import Value
from piano_nodes.process import prepare_environment
from piano_nodes.recorder import Recorder
from piano_nodes.signals import signals_as_interrupts, undisturbed

_POLL_S = 0.1


@dataclass(frozen=True)
class Listened:
    """What came of listening.

    Attributes:
        folder: Of the recording.
        messages: How many it holds.
        problems: Why it cannot be trusted, in one line; empty when it can.
    """

    folder: Path
    messages: int
    problems: str


def record(
    folder: Path,
    *,
    rig: str = "",
    seconds: float | None = None,
    on_progress: Callable[[float, int], None] = lambda *_: None,
) -> Listened:
    """Record the ROS graph of this domain until Ctrl-C, SIGTERM, or some time has passed.

    Args:
        folder: Of the recording; must not exist.
        rig: Name or path of the rig that is in the graph; empty when nobody knows.
        seconds: How long; for ever when left out.
        on_progress: Is told ten times a second how long [s] and how many messages.

    Raises:
        DaCapoError: When the folder or the rig cannot be used.
    """
    prepare_environment()
    context = Context()
    quiet = ["--ros-args", "--log-level", "warn"]
    rclpy.init(args=quiet, context=context, signal_handler_options=SignalHandlerOptions.NO)
    offset_ns = time.time_ns() - time.monotonic_ns()  # the graph's own is as good as this
    values: dict[str, Value] = {
        "folder": str(folder),
        "rig": rig,
        "clock_offset_ns": offset_ns,
    }
    try:
        recorder = Recorder(Surroundings(context, values))
        with signals_as_interrupts(), suppress(KeyboardInterrupt):
            _run(recorder, seconds, on_progress)
        with undisturbed():
            recorder.stop()
    finally:
        context.try_shutdown()
    return Listened(folder, recorder.message_count, recorder.problems)


def _run(
    recorder: Recorder, seconds: float | None, on_progress: Callable[[float, int], None]
) -> None:
    recorder.start()
    started_s = time.monotonic()
    while not (recorder.ended.is_set() or recorder.problems):
        passed_s = time.monotonic() - started_s
        if seconds is not None and passed_s >= seconds:
            break
        on_progress(passed_s, recorder.message_count)
        time.sleep(_POLL_S)

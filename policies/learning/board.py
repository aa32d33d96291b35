"""Curves for TensorBoard."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary


class Board:
    """Appends scalars to one event file.

    ``tensorboardX.SummaryWriter`` writes from a thread; when the disk is full that thread dies and
    training waits for it for ever. Here the error reaches the caller.
    """

    def __init__(self, folder: Path) -> None:
        """Make a new event file in ``folder``.

        Raises:
            OSError: it cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = EventsWriter(str(folder / "events"), f".{os.getpid()}")

    def add(self, steps: int, figures: Mapping[str, float]) -> None:
        """Note figures at a control step.

        Raises:
            OSError: the disk is full.
        """
        values = [Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
        event = Event(wall_time=time.time(), step=steps, summary=Summary(value=values))
        self._writer.write_event(event)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

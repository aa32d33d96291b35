"""What the tests with a real ROS graph share."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from score import Note, Score, write_midi

HAS_ROS = importlib.util.find_spec("rclpy") is not None
collect_ignore_glob = [] if HAS_ROS else ["test_*.py"]


def pytest_report_header() -> str | None:
    """Say it when half of the tests cannot run."""
    return None if HAS_ROS else "tests/emulated: left out, ROS 2 is not installed (make setup)"


@pytest.fixture(autouse=True)
def _own_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep away from whatever else runs on this machine."""
    monkeypatch.setenv("ROS_DOMAIN_ID", str(100 + os.getpid() % 100))


@pytest.fixture(scope="session")
def short_song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four notes, two seconds."""
    pitches = (60, 62, 64, 62)
    notes = tuple(Note(p, 0.4 * i, 0.4 * i + 0.35) for i, p in enumerate(pitches))
    path = tmp_path_factory.mktemp("songs") / "four_notes.mid"
    write_midi(Score("four_notes", notes), path)
    return path


@pytest.fixture
def context() -> Iterator[Any]:
    """A graph of its own; ROS is imported late, because it may not be there."""
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    from piano_nodes.process import prepare_environment

    prepare_environment()
    context = rclpy.Context()
    quiet = ["--ros-args", "--log-level", "warn"]
    rclpy.init(args=quiet, context=context, signal_handler_options=SignalHandlerOptions.NO)
    yield context
    context.try_shutdown()

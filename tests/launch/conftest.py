"""Tests of the launch files run against the real `launch` wherever it can be imported."""

import importlib.util
import os
from pathlib import Path

import pytest

from score import Note, Score, write_midi

HAS_LAUNCH = importlib.util.find_spec("launch_ros") is not None
collect_ignore = [] if HAS_LAUNCH else ["test_piano_play.py", "test_calibrate.py"]


def pytest_report_header() -> str | None:
    """Say it when the launch file is checked by its node list only."""
    return (
        None
        if HAS_LAUNCH
        else f"tests/launch: {', '.join(collect_ignore)} left out, no ROS wheel has launch_ros"
    )


@pytest.fixture
def environment() -> dict[str, str]:
    """What a launch runs in: a ROS domain of its own."""
    return {**os.environ, "ROS_DOMAIN_ID": str(100 + os.getpid() % 100)}


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Two notes in one second."""
    path = tmp_path / "two_notes.mid"
    write_midi(Score("two_notes", (Note(60, 0.0, 0.4), Note(64, 0.5, 0.9))), path)
    return path

"""`dacapo play` as a process: the whole ROS 2 graph, what it prints, what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from score import Note, Score, write_midi

pytest.importorskip("rclpy")

ROOT = Path(__file__).resolve().parents[2]
RESULTS = {"performance.json", "performance.mid", "recording", "report.html", "trace.npz"}
PATIENCE_S = 60.0


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Three notes, two seconds."""
    path = tmp_path / "three_notes.mid"
    pitches = (60, 62, 64)
    notes = tuple(Note(pitch, i * 0.5, i * 0.5 + 0.45) for i, pitch in enumerate(pitches))
    write_midi(Score("three_notes", notes), path)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture(autouse=True)
def own_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ROS domain that no other test run on this machine uses."""
    monkeypatch.setenv("ROS_DOMAIN_ID", str(os.getpid() % 90 + 10))


@pytest.fixture
def playing(out: Path) -> Iterator[subprocess.Popen[str]]:
    """`dacapo play ode_to_joy`, started."""
    command = [sys.executable, "-m", "dacapo", "play", "ode_to_joy", "--out", str(out)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.wait()


def wait_for_recording(out: Path) -> None:
    """Waits until a song is being played."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not list(out.glob(".*/recording/*.mcap")):
        assert time.monotonic() < give_up_at, "nothing was recorded"
        time.sleep(0.05)
    time.sleep(1.0)


def test_json_is_the_performance_and_nothing_else(song: Path, out: Path) -> None:
    command = [sys.executable, "-m", "dacapo", "play", str(song), "--out", str(out), "--json"]
    result = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert result.returncode == 0, result.stderr
    performance = json.loads(result.stdout)
    (run,) = out.iterdir()
    assert {path.name for path in run.iterdir()} >= RESULTS
    assert performance == json.loads((run / "performance.json").read_text())
    assert performance["song"] == "three_notes"
    assert performance["note"]["f1_100ms"] == 1.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_nothing(
    number: signal.Signals, playing: subprocess.Popen[str], out: Path
) -> None:
    wait_for_recording(out)
    playing.send_signal(number)
    printed, complaint = playing.communicate(timeout=PATIENCE_S)
    assert playing.returncode == 1
    assert printed == ""
    assert complaint.splitlines()[-1] == "stopped"
    assert "Traceback" not in complaint
    assert list(out.iterdir()) == []


def test_second_graph_on_the_domain_is_refused(playing: subprocess.Popen[str], out: Path) -> None:
    wait_for_recording(out)
    command = [sys.executable, "-m", "dacapo", "play", "ode_to_joy", "--out", str(out / "second")]
    second = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert second.returncode == 1
    complaint = second.stderr.splitlines()[-1]
    assert complaint.startswith("error: ")
    assert "ROS_DOMAIN_ID" in complaint
    assert playing.poll() is None
    assert list((out / "second").iterdir()) == []

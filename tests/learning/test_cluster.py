"""A dataset played by a Ray cluster of one machine, which goes away in the middle."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from policies.dataset import open_store
from score import Note, Score, write_midi

pytest.importorskip("ray", reason="the extra [cluster] is not installed")

ROLLOUTS = 60

OPEN = {**os.environ, "RAY_AUTH_MODE": "disabled"}
"""Whether or not whoever runs the tests has a token of Ray's in their home."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of the cluster; short, for its sockets have to fit into 107 characters."""
    path = Path(tempfile.mkdtemp(prefix="ray-"))
    yield path
    stop(path)
    shutil.rmtree(path, ignore_errors=True)


def stop(folder: Path) -> None:
    """Kill what belongs to a cluster, no other one's processes."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in line.read_bytes():
                os.kill(int(line.parent.name), signal.SIGKILL)


def start(folder: Path) -> str:
    """Start a cluster of one core; returns its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--num-cpus=1"]
    command += [f"--port={port}", f"--temp-dir={folder}", "--node-ip-address=127.0.0.1"]
    command += ["--include-dashboard=false", "--disable-usage-stats"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=OPEN)
    return f"127.0.0.1:{port}"


def build(song: Path, out: Path, address: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "dacapo", "dataset", "build", str(song), "--stretch", "1"]
    command += ["--rollouts", str(ROLLOUTS), "--workers", "1", "--out", str(out)]
    env = {**OPEN, "RAY_ADDRESS": address}
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)


def done(out: Path) -> int:
    """How many rollouts are there."""
    if not (out / ".zattrs").is_file():
        return 0
    return sum(int((~np.isnan(chunk.f1())).sum()) for chunk in open_store(out).chunks())


def test_a_cluster_that_goes_away(tmp_path: Path, folder: Path) -> None:
    """One line says so; what is there stays, and a build without a cluster makes the rest."""
    song, out = tmp_path / "short.mid", tmp_path / "a.zarr"
    write_midi(Score("short", (Note(60, 0.0, 0.2), Note(64, 0.25, 0.45))), song)
    building = build(song, out, start(folder))
    while not done(out) and building.poll() is None:
        time.sleep(0.05)
    stop(folder)
    _, told = building.communicate(timeout=60)
    assert building.returncode == 1, told
    assert "Ray cluster" in told.splitlines()[-1]
    there = done(out)
    assert 0 < there < ROLLOUTS
    alone = build(song, out, "")
    assert alone.communicate(timeout=60)[1].count("Ray") == 0
    assert (alone.returncode, done(out)) == (0, ROLLOUTS)

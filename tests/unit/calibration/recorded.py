"""A short recording to read, cut and damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from calibration.recordings import PerformanceRecorder, Provenance

JOINTS = ("rail", "mcp", "pip")
OFFSET_NS = 1_700_000_000 * 10**9
PROVENANCE = Provenance(mode="virtual", rig="leap_rail_49", seed=3, clock_offset_ns=OFFSET_NS)
STATE_NS, TARGET_NS, START_NS = 10_000_000, 50_000_000, 5_000_000_000


def positions(step: int) -> np.ndarray:
    """A movement in which no two states are the same."""
    return np.array([0.001, 0.01, -0.01]) * step


def record_states(recorder: PerformanceRecorder, first: int, last: int) -> None:
    """Write states 100 times and targets 20 times a second."""
    for step in range(first, last):
        time_ns = START_NS + step * STATE_NS
        recorder.joint_states(time_ns, positions(step), np.ones(3) * step)
        if step % 5 == 0:
            recorder.targets(time_ns, positions(step) * 2)


def make_recording(folder: Path, steps: int = 100) -> Path:
    """A valid recording: a second of movement, one key."""
    with PerformanceRecorder(folder, JOINTS, PROVENANCE) as recorder:
        record_states(recorder, 0, steps)
        recorder.key_event(START_NS + 250_000_000, 24, True, 70)
        recorder.key_event(START_NS + 450_000_000, 24, False, 0)
    assert recorder.failure == ""
    return folder

"""The results of a run, as files that a person and other programs can read."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from policies.errors import PolicyError
from policies.performer import Trace
from score import Goals, KeyEvent, Performance, performance_score, write_midi
from score.files import write_whole
from sim import RigModel


@dataclass(frozen=True)
class RunResult:
    """Everything that is known about one performance.

    Attributes:
        model: The rig it was played on.
        goals: What was due.
        events: What was played, score time.
        performance: How well.
        trace: What was seen and commanded.
    """

    model: RigModel
    goals: Goals
    events: tuple[KeyEvent, ...]
    performance: Performance
    trace: Trace


def write_results(run: RunResult, folder: Path) -> None:
    """Write performance.json, performance.mid and trace.npz into a folder.

    Raises:
        PolicyError: when the folder cannot be written.
    """
    arrays = io.BytesIO()
    np.savez_compressed(
        arrays,
        time_s=run.trace.time_s,
        joint_names=np.array(run.model.joint_names),
        joint_positions=run.trace.joint_positions,
        joint_velocities=run.trace.joint_velocities,
        joint_targets=run.trace.joint_targets,
    )
    goals = run.goals
    played = performance_score(run.events, goals.name, goals.lowest_pitch, goals.duration_s)
    try:
        write_whole(folder / "performance.json", run.performance.to_json().encode())
        write_whole(folder / "trace.npz", arrays.getvalue())
        write_midi(played, folder / "performance.mid")
    except OSError as error:
        raise PolicyError(f"cannot write results into {folder}: {error.strerror}") from error

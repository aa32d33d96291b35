"""The results of a run, as files that a person and other programs can read."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.performer import Trace
from score import Goals, KeyEvent, Performance, performance_score, write_midi
from score.files import write_whole
from score.report import Stage, report_page
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
    """Write performance.json, performance.mid, trace.npz and report.html into a folder.

    Raises:
        PolicyError: when the folder cannot be written.
    """
    goals = run.goals
    played = performance_score(run.events, goals.name, goals.lowest_pitch, goals.duration_s)
    page = report_page(goals, run.events, run.performance, stage_of(run.model, run.trace))
    try:
        write_whole(folder / "performance.json", run.performance.to_json().encode())
        write_whole(folder / "trace.npz", _trace_bytes(run))
        write_midi(played, folder / "performance.mid")
        write_whole(folder / "report.html", page.encode())
    except OSError as error:
        raise PolicyError(f"cannot write results into {folder}: {error.strerror}") from error


def stage_of(model: RigModel, trace: Trace) -> Stage:
    """The keys and the fingertips of a trace from above, for the report's animation."""
    data = mujoco.MjData(model.mj)
    tips = np.empty((len(trace.time_s), len(model.fingertip_sites), 2))
    for row, positions in enumerate(trace.joint_positions):
        data.qpos[model.joint_qpos] = positions
        mujoco.mj_kinematics(model.mj, data)
        tips[row] = data.site_xpos[model.fingertip_sites, :2]
    return Stage(_key_boxes(model), trace.time_s, tips, model.rig.hand.tip_radius_m)


def _key_boxes(model: RigModel) -> NDArray[np.float64]:
    """Corners of the keys from above, shape ``(n_keys, 4)`` as ``x0, y0, x1, y1`` [m]."""
    keyboard = model.rig.keyboard
    boxes = np.empty((keyboard.n_keys, 4))
    for key, y in enumerate(keyboard.center_y):
        shape = keyboard.shape(key)
        center, half = np.array([shape.body_x, y]), np.array(shape.size[:2]) / 2
        boxes[key] = *(center - half), *(center + half)
    return boxes


def _trace_bytes(run: RunResult) -> bytes:
    arrays = io.BytesIO()
    np.savez_compressed(
        arrays,
        time_s=run.trace.time_s,
        joint_names=np.array(run.model.joint_names),
        joint_positions=run.trace.joint_positions,
        joint_velocities=run.trace.joint_velocities,
        joint_targets=run.trace.joint_targets,
    )
    return arrays.getvalue()

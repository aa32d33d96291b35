"""The results of a run, as files that a person and other programs can read."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.performer import Trace
from policies.policy import Observation
from score import Goals, KeyEvent, Performance, performance_score, pitch_name, write_midi
from score.files import write_whole
from score.report import Picture, Stage, report_page
from sim import PlayableModel, RenderingError, RigModel
from sim.keyboards import Keyboard
from sim.rendering import render_pictures, render_video
from sim.replay import Replay

_PICTURE_SIZE = (640, 360)
_PICTURE_SHARES = (0.2, 0.5, 0.8)  # of the notes played
_INTO_NOTE_S = 0.1
_SHADOW_TIP_RADIUS_M = 0.0067  # of the capsules in sim/data/hands/shadow_right.json


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

    model: PlayableModel
    goals: Goals
    events: tuple[KeyEvent, ...]
    performance: Performance
    trace: Trace

    @property
    def replay(self) -> Replay:
        """The performance as a movement, for pictures."""
        return Replay(self.goals, self.events, self.trace.time_s, self.trace.joint_positions)


def write_results(
    run: RunResult,
    folder: Path,
    video: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Write performance.json, performance.mid, trace.npz and report.html into a folder.

    The report has pictures of one hand where this machine can draw, and the video when it is small
    enough.

    Args:
        run: The performance.
        folder: Must exist.
        video: Where to write an MP4 of the hand as well; there is none of two hands.
        progress: Is told the share of the video that is done, 0 to 1.

    Raises:
        PolicyError: when the folder cannot be written.
        RenderingError: when there is no video; everything else was written all the same.
    """
    problem: RenderingError | None = None
    if video is not None and isinstance(run.model, RigModel):
        try:
            render_video(run.model.rig, run.replay, video, progress=progress)
        except RenderingError as error:
            problem, video = error, None
    _write_files(run, folder, video)
    if problem is not None:
        raise problem


def _write_files(run: RunResult, folder: Path, video: Path | None) -> None:
    goals = run.goals
    played = performance_score(run.events, goals.name, goals.lowest_pitch, goals.duration_s)
    try:
        write_whole(folder / "performance.json", run.performance.to_json().encode())
        write_whole(folder / "trace.npz", _trace_bytes(run))
        write_midi(played, folder / "performance.mid")
        page = report_page(
            goals,
            run.events,
            run.performance,
            stage_of(run.model, run.trace),
            pictures=_pictures(run),
            video=None if video is None else video.read_bytes(),
        )
        write_whole(folder / "report.html", page.encode())
    except OSError as error:
        raise PolicyError(f"cannot write results into {folder}: {error.strerror}") from error


def _pictures(run: RunResult) -> list[Picture]:
    """The hand at some of the notes; none of two hands, and where this machine cannot draw."""
    presses = [event for event in run.events if event.down]
    if not presses or not len(run.trace.time_s) or not isinstance(run.model, RigModel):
        return []
    chosen = {int(share * len(presses)): None for share in _PICTURE_SHARES}
    moments = [presses[index] for index in chosen]
    times_s = [press.time_s + _INTO_NOTE_S for press in moments]
    try:
        pictures = render_pictures(run.model.rig, run.replay, times_s, _PICTURE_SIZE)
    except RenderingError:
        return []
    names = [pitch_name(run.goals.lowest_pitch + press.key) for press in moments]
    captions = [f"{name} at {time_s:.1f} s" for name, time_s in zip(names, times_s, strict=True)]
    return [Picture(png, text) for png, text in zip(pictures, captions, strict=True)]


def stage_of(model: PlayableModel, trace: Trace) -> Stage:
    """The keys and the fingertips of a trace from above, for the report's animation."""
    data = mujoco.MjData(model.mj)
    tips = np.empty((len(trace.time_s), len(model.fingertip_sites), 2))
    for row, positions in enumerate(trace.joint_positions):
        model.put(data.qpos, positions)
        mujoco.mj_kinematics(model.mj, data)
        tips[row] = data.site_xpos[model.fingertip_sites, :2]
    radius_m = model.rig.hand.tip_radius_m if isinstance(model, RigModel) else _SHADOW_TIP_RADIUS_M
    return Stage(_key_boxes(model.keyboard), trace.time_s, tips, radius_m)


def trace_of(observations: Sequence[Observation]) -> Trace:
    """What was seen and commanded in the control steps of an environment."""
    names = ("score_time_s", "joint_positions", "joint_velocities", "joint_targets")
    time_s, *joints = (np.array([seen[name] for seen in observations]) for name in names)
    return Trace(time_s[:, 0], *joints)


def _key_boxes(keyboard: Keyboard) -> NDArray[np.float64]:
    """Corners of the keys from above, shape ``(n_keys, 4)`` as ``x0, y0, x1, y1`` [m]."""
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

"""The film of a run, made from what the run left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.inputs import check_writable

if TYPE_CHECKING:
    from score import Goals
    from sim import Rig


def check_video(path: Path) -> None:
    """Complains now if the film of a performance could not be made after it.

    Raises:
        RenderingError: there is no ffmpeg.
        DaCapoError: the file cannot be written.
    """
    from sim.encoder import find_ffmpeg

    find_ffmpeg()
    check_writable(path.absolute().parent)


def make_video(
    rig: Rig, goals: Goals, folder: Path, path: Path, on_progress: Callable[[float], None]
) -> None:
    """Films a run, with its sound, the keys lit as they sound.

    Args:
        rig: what played.
        goals: what was due.
        folder: the run's folder; its trace.npz and performance.mid are read.
        path: the film, MP4.
        on_progress: is told the share that is done, 0 to 1.

    Raises:
        RenderingError: this machine cannot draw, or the film cannot be written.
    """
    import numpy as np

    from score import events_of_score, read_midi
    from sim.rendering import render_video
    from sim.replay import Replay

    events = events_of_score(read_midi(folder / "performance.mid"), goals.lowest_pitch)
    with np.load(folder / "trace.npz") as trace:
        replay = Replay(goals, tuple(events), trace["time_s"], trace["joint_positions"])
    render_video(rig, replay, path, progress=on_progress)

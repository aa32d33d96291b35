"""The runs of one performance: the one that counts, and those that do not."""

from __future__ import annotations

import shutil
from pathlib import Path

from calibration.errors import CalibrationError
from calibration.loop.errors import LoopError
from calibration.recordings import RecordingError, find_problems, read_recording
from calibration.residuals import choose, segments_of
from sim import Rig

INVALID = "invalid"
"""Where runs are kept that cannot be learned from."""


UNHEARD = "the keyboard was not heard: check that it is connected and in reach"


def whole_run(out: Path) -> Path | None:
    """The finished run in a folder; it may be there although the step was not noted any more."""
    runs = sorted(out.glob("[!.]*/performance.json"))
    return runs[0].parent if runs else None


def clear(out: Path) -> None:
    """Remove what killed processes left unfinished; whatever has a name is kept.

    Only after a performance: a process whose loop was killed may still be letting go before.
    """
    for partial in out.glob(".*.partial"):
        shutil.rmtree(partial, ignore_errors=True)


def check_run(run: Path, name: str, rig: Rig, *, must_sound: bool) -> None:
    """Set a run aside that cannot be learned from; once it is noted, every fit would refuse it.

    Args:
        run: Its folder.
        name: Of the performance.
        rig: What the loop believes that it was played on.
        must_sound: Whether it has to be enough to learn from by itself.

    Raises:
        LoopError: It is set aside; says why.
    """
    reason = _reason_against(run / "recording", rig, must_sound)
    if not reason:
        return
    kept = run.parent / INVALID / run.name
    kept.parent.mkdir(exist_ok=True)
    run.rename(kept)
    raise LoopError(
        f"{name} cannot be learned from: {reason}; mend that, then --resume plays it again "
        f"(it is kept in {kept})"
    )


def _reason_against(folder: Path, rig: Rig, must_sound: bool) -> str:
    try:
        recording = read_recording(folder)
    except RecordingError as error:
        return str(error)
    if problems := find_problems(recording):
        return "; ".join(problem.message for problem in problems)
    if not len(recording.events.time_ns):
        return UNHEARD if must_sound else ""
    try:
        segments = segments_of(recording, rig)
        if must_sound:
            choose(segments)
    except CalibrationError as error:
        return f"{error}; check the keyboard" if must_sound else str(error)
    return ""

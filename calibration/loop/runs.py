"""The runs of one performance: the one that counts, and those that do not."""

from __future__ import annotations

import shutil
from pathlib import Path

from calibration.loop.errors import LoopError
from calibration.recordings import RecordingError, find_problems, read_recording

INVALID = "invalid"
"""Where runs are kept that cannot be learned from."""


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


def check_run(run: Path, name: str, *, must_sound: bool) -> None:
    """Set a run aside that cannot be learned from; once it is noted, every fit would refuse it.

    Args:
        run: Its folder.
        name: Of the performance.
        must_sound: Whether a recording without a single key event is none to learn from.

    Raises:
        LoopError: It is set aside; says why.
    """
    reason = _reason_against(run / "recording", must_sound)
    if not reason:
        return
    kept = run.parent / INVALID / run.name
    kept.parent.mkdir(exist_ok=True)
    run.rename(kept)
    raise LoopError(
        f"{name} cannot be learned from: {reason}; mend that, then --resume plays it again "
        f"(it is kept in {kept})"
    )


def _reason_against(folder: Path, must_sound: bool) -> str:
    try:
        recording = read_recording(folder)
    except RecordingError as error:
        return str(error)
    reasons = [problem.message for problem in find_problems(recording)]
    if must_sound and not len(recording.events.time_ns):
        reasons.append("the keyboard was not heard: check that it is connected and in reach")
    return "; ".join(reasons)

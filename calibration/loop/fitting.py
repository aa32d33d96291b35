"""Fitting the simulator to what was recorded, as a step of the loop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.loop import folders
from calibration.loop.knowledge import Knowledge
from calibration.loop.progress import OnProgress, Progress
from calibration.loop.state import Facts, State
from calibration.recordings import read_recording
from sim import Rig

if TYPE_CHECKING:
    from calibration.study.clock import Progress as Searched


def fit(
    state: State,
    stage: str,
    recordings: Sequence[Path],
    known: Knowledge,
    *,
    names: Sequence[str],
    trials: int,
    on_progress: OnProgress,
) -> Facts:
    """Fit the physics to recordings, unless that was done; a study that was killed goes on.

    Args:
        state: Of the loop.
        stage: Where in the loop.
        recordings: Folders of all there is.
        known: What was believed before.
        names: What to fit.
        trials: Of the study.
        on_progress: Is told how far it is.

    Returns:
        `file` (relative to the loop's folder), `accepted`, `heldout` (cost `before` and `after`),
        `identifiable`, `on_bound`, `left_out` (steps whose recordings have no key event),
        `state_delay_s` and `trials`.

    Raises:
        CalibrationError: Nothing can be learned from these recordings.
        InvalidRecordingError: A recording cannot be trusted.
    """

    def report(searched: Searched) -> None:
        on_progress(_told(stage, searched))

    def do() -> Facts:
        # Optuna takes a while to import, and comes with an extra.
        from calibration.study.calibrate import calibrate  # noqa: PLC0415

        folder = state.folder / folders.fit(stage)
        folder.mkdir(parents=True, exist_ok=True)
        result = calibrate(
            [read_recording(path) for path in recordings],
            known.parameters.hand_rig,
            out=folder / "parameters.yaml",
            names=names,
            trials=trials,
            previous=known.parameters,
            previous_state_delay_s=known.state_delay_s,
            on_progress=report,
        )
        return {
            "file": str(result.path.relative_to(state.folder)),
            "accepted": result.accepted,
            "heldout": {"before": result.heldout_before, "after": result.heldout_after},
            "identifiable": list(result.identifiable),
            "on_bound": list(result.on_bound),
            "left_out": [_step_of(Path(r), state.folder) for r in result.silent],
            "state_delay_s": result.state_delay_s,
            "trials": result.trials,
        }

    return state.once(folders.fit(stage), do)


def kept_knowledge(state: State, fitted: Facts, rig: Rig) -> Knowledge:
    """What an accepted fit says.

    Raises:
        ParameterError: Its file is gone or damaged.
    """
    file, delay_s = state.folder / fitted["file"], fitted["state_delay_s"]
    return replace(Knowledge.read(file, rig), state_delay_s=delay_s)


def _step_of(recording: Path, folder: Path) -> str:
    """The name of the performance; its run has a time in its own."""
    return recording.relative_to(folder).parent.parent.as_posix()


def _told(stage: str, searched: Searched) -> Progress:
    share = min(searched.trials / searched.of, 1.0) if searched.of else 0.0
    note = f"cost {searched.best:.3g}" if math.isfinite(searched.best) else ""
    return Progress(stage.replace("-", " "), f"calibrate ({searched.stage})", share, note)

"""One performance on the rig, as a step of the loop."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from calibration.loop.errors import LoopError
from calibration.loop.places import Order, Place
from calibration.loop.progress import OnProgress, Progress
from calibration.loop.runs import check_run, clear, whole_run
from calibration.loop.state import Facts, State
from calibration.recordings import read_recording
from policies.performer import Progress as Played
from score import Performance
from sim import Rig


@dataclass(frozen=True)
class Stand:
    """The rig as the loop plays on it: every performance is a step that is kept.

    Attributes:
        place: Where it is.
        rig: What it is believed to be.
        state: Of the loop.
        fingerprint: Of the place when the loop began.
        on_progress: Is told how far a performance is.
    """

    place: Place
    rig: Rig
    state: State
    fingerprint: str
    on_progress: OnProgress

    def perform(
        self, name: str, song: str, policy: str, trial: int, *, must_sound: bool = False
    ) -> Facts:
        """Give a performance, unless it was given.

        Args:
            name: Of the step, and of its folder below the loop's: `round-1/plays/ode_to_joy-1`.
            song: Name in the library, or path of a MIDI file.
            policy: `planner`, or the path of a bundle.
            trial: Which draw of a world's jitter and noise.
            must_sound: Whether it is an error if it is not enough to learn from by itself.

        Returns:
            `recording` (its folder, relative to the loop's), `frame_f1`, `note_f1_50ms`,
            `note_f1_100ms`, `wrong_keys`, `onset_error_ms` and `robot_time_s`.

        Raises:
            LoopError: The place is not what it was when the loop began, or what was recorded cannot
                be learned from: that run is set aside, and the next attempt plays again.
            DaCapoError: The performance could not be given; what is finished is kept.
        """

        def do() -> Facts:
            run = self._perform(name, song, policy, trial)
            check_run(run, name, self.rig, must_sound=must_sound)
            return _facts(run, self.state.folder)

        return self.state.once(name, do)

    def _perform(self, name: str, song: str, policy: str, trial: int) -> Path:
        out = self.state.folder / name
        if (run := whole_run(out)) is None:
            if self.place.fingerprint() != self.fingerprint:
                raise LoopError(
                    f"what describes the rig changed since the loop in {self.state.folder} began: "
                    "undo that and --resume, or begin anew with another --out"
                )
            out.mkdir(parents=True, exist_ok=True)
            stage, _, step = name.partition("/plays/")

            def report(played: Played) -> None:
                self.on_progress(_told(stage, step, played))

            self.place.play(Order(song, policy, trial, out), report)
            clear(out)
            run = whole_run(out)
        if run is None:
            raise LoopError(f"{out} has no run although {song} was played: see what is there")
        return run


def _facts(run: Path, folder: Path) -> Facts:
    performance = Performance.from_json((run / "performance.json").read_bytes())
    recording = run / "recording"
    return {
        "recording": str(recording.relative_to(folder)),
        "frame_f1": performance.frame.f1,
        "note_f1_50ms": performance.note.f1_50ms,
        "note_f1_100ms": performance.note.f1_100ms,
        "wrong_keys": performance.wrong_keys,
        "onset_error_ms": performance.onset_error_ms.median,
        "robot_time_s": round(read_recording(recording).duration_s, 3),
    }


def _told(stage: str, step: str, played: Played) -> Progress:
    if math.isnan(played.score_time_s) or math.isnan(played.duration_s):
        return Progress(stage.replace("-", " "), f"play {step}", 0.0, played.stage.value)
    share = min(max(played.score_time_s / played.duration_s, 0.0), 1.0)
    note = "" if math.isnan(played.frame_f1) else f"F1 {played.frame_f1:.3f}"
    return Progress(stage.replace("-", " "), f"play {step}", share, note)

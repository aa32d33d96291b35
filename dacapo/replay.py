"""`dacapo replay`: a recording's commands in the simulator, beside what really happened."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.inputs import check_writable, load_model
from dacapo.inspect import open_recording
from dacapo.output import print_json, print_table, remark
from dacapo.progress import LiveLine, bar
from dacapo.verbs import DEFAULT_RIG, Verbs, add_params_argument, add_verb
from dacapo.video import check_video

if TYPE_CHECKING:
    from calibration.recordings import Replayed

EPILOG = """\
examples:
  dacapo replay runs/20250131-204500-ode_to_joy
  dacapo replay my_recording --params fitted.yaml --json
  dacapo replay my_recording --video replay.mp4 --picture replay.png

Plays the targets that went to the motors in the simulator, each at its time, and compares joints
and keys with those recorded: the gap that calibration closes. Keys that were recorded are drawn
as due.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    summary = "play a recording's commands in the simulator and compare"
    parser = add_verb(verbs, "replay", summary, EPILOG, run)
    parser.add_argument("recording", type=Path, metavar="RECORDING")
    parser.add_argument(
        "--rig", metavar="NAME|FILE", help="the rig to simulate (default: the recording's)"
    )
    add_params_argument(parser)
    parser.add_argument("--video", type=Path, metavar="FILE.mp4", help="film the simulated hand")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="one look at the middle")


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    from calibration.recordings import find_problems, replay

    if arguments.video:
        check_video(arguments.video)
    if arguments.picture:
        check_writable(arguments.picture.absolute().parent)
    recording = open_recording(arguments.recording)
    model = load_model(arguments.rig or recording.provenance.rig or DEFAULT_RIG, arguments.params)
    if recording.provenance.rig_hash not in ("", model.rig.hash):
        remark(f"the rig {model.rig.name} has changed since this recording was made")
    for problem in find_problems(recording):
        remark(f"this recording is not to be trusted: {problem.message}")
    replayed = replay(recording, model)
    _draw(replayed, arguments.video, arguments.picture)
    if arguments.json:
        print_json(_document(replayed))
    else:
        _print(replayed)
    return 0


def _draw(replayed: Replayed, video: Path | None, picture: Path | None) -> None:
    from score import write_whole
    from sim.rendering import render_pictures, render_video

    rig, movement = replayed.model.rig, replayed.movement()
    if picture:
        write_whole(picture, render_pictures(rig, movement, [movement.duration_s / 2])[0])
    if video:
        with LiveLine() as line:
            render_video(
                rig, movement, video, progress=lambda share: line.show(f"filming {bar(share)}")
            )


def _document(replayed: Replayed) -> dict[str, object]:
    errors = zip(replayed.model.joint_names, replayed.joint_errors.tolist(), strict=True)
    return {
        "recording": str(replayed.recording.folder),
        "rig": replayed.model.rig.name,
        "notes_recorded": _presses(replayed.recorded_events),
        "notes_simulated": _presses(replayed.events),
        "note_f1_50ms": replayed.note_f1,
        "onset_gap_ms": replayed.onset_gap_ms,
        "joint_rms": dict(errors),
    }


def _print(replayed: Replayed) -> None:
    gap = replayed.onset_gap_ms
    rail, *fingers = replayed.joint_errors
    rows = [
        ("notes", f"{_presses(replayed.recorded_events)} / {_presses(replayed.events)}", ""),
        ("note F1", f"{replayed.note_f1:.3f}", "simulated against recorded, onsets within 50 ms"),
        ("onsets", "-" if gap is None else f"{gap:+.1f} ms", "median, simulated - recorded"),
        ("rail", f"{1000 * rail:.2f} mm", "RMS, simulated - recorded"),
        ("fingers", f"{1000 * max(fingers, default=0.0):.1f} mrad", "RMS of the worst joint"),
    ]
    print_table(("replay", "recorded / simulated", replayed.model.rig.name), rows)


def _presses(events: tuple[object, ...]) -> int:
    return sum(getattr(event, "down", False) for event in events)

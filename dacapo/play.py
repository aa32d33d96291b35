"""`dacapo play`: a song through a real ROS 2 graph in this process, in real time, scored."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.inputs import check_writable, load_goals, load_model, remark_findings, settle_policy
from dacapo.output import print_json, print_table
from dacapo.progress import LiveLine, bar
from dacapo.verbs import (
    Verbs,
    add_params_argument,
    add_policy_argument,
    add_rig_argument,
    add_verb,
)
from dacapo.video import check_video, make_video

if TYPE_CHECKING:
    from policies.performer import Progress
    from score import Goals, Performance

MODES = ("sim",)

EPILOG = """\
examples:
  dacapo play ode_to_joy
  dacapo play happy_birthday --rig allegro_slide_49 --out runs/today
  dacapo play my_song.mid --video my_song.mp4
  dacapo play ode_to_joy --json                  performance.json on standard output

Leaves a folder <time>-<song> with performance.json, performance.mid, a rosbag2 recording and
report.html. Ctrl-C stops the hand and leaves nothing half-written.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "play", "play a song through ROS 2 and score it", EPILOG, run)
    parser.add_argument("song", metavar="SONG|FILE.mid", help="what to play")
    add_rig_argument(parser)
    parser.add_argument(
        "--mode",
        choices=MODES,
        default=MODES[0],
        help="sim: the nominal simulator, or that of --params (default: %(default)s)",
    )
    add_policy_argument(parser, None)
    add_params_argument(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs"),
        metavar="DIR",
        help="folder of runs (default: %(default)s)",
    )
    parser.add_argument("--video", type=Path, metavar="FILE.mp4", help="film the hand as well")


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; checks what can be checked before anything is started."""
    model = load_model(arguments.rig, arguments.params)
    goals = load_goals(arguments.song, model)
    check_writable(arguments.out)
    if arguments.video:
        check_video(arguments.video)
    remark_findings(arguments.song, model)
    policy = settle_policy(arguments.policy, model, goals)

    from piano_nodes.compose import play

    with LiveLine() as line:
        line.show("starting")
        played = play(
            arguments.song,
            rig=arguments.rig,
            mode=arguments.mode,
            policy=policy,
            params=str(arguments.params or ""),
            out=arguments.out,
            on_progress=lambda progress: line.show(_describe(progress, goals)),
        )
        if arguments.video:
            make_video(
                model.rig,
                goals,
                played.folder,
                arguments.video,
                lambda share: line.show(f"filming {bar(share)}"),
            )
    if arguments.json:
        print_json(played.performance.to_dict())
    else:
        _print(played.performance, played.folder)
    return 0


def _describe(progress: Progress, goals: Goals) -> str:
    """One line: stage, bar, time, the notes that sound, the score so far."""
    from score import pitch_name

    if progress.stage != "playing":
        return progress.stage.replace("_", " ")
    notes = " ".join(pitch_name(goals.lowest_pitch + key) for key in progress.keys)
    return (
        f"{goals.name} {bar(progress.score_time_s / progress.duration_s)} "
        f"{progress.score_time_s:4.1f}/{progress.duration_s:.1f} s  {notes:<11} "
        f"score {progress.frame_f1:.3f}"
    )


def _print(performance: Performance, folder: Path) -> None:
    frame, note, loop = performance.frame, performance.note, performance.loop
    onset = performance.onset_error_ms
    rows = [
        ("frame F1", f"{frame.f1:.3f}", f"doing nothing scores {frame.do_nothing_f1:.3f}"),
        (
            "note F1",
            f"{note.f1_50ms:.3f}",
            f"onsets within 50 ms; within 100 ms {note.f1_100ms:.3f}",
        ),
        ("onset error", f"{_ms(onset.median, '+')}", f"median; 95 % below {_ms(onset.p95)}"),
        ("wrong keys", performance.wrong_keys, ""),
        (
            "control period",
            _ms(loop.period_ms_p50),
            f"median; 99 % below {_ms(loop.period_ms_p99)}",
        ),
        ("missed steps", loop.missed, ""),
    ]
    print_table(
        (performance.song, performance.rig, f"{performance.policy}, {performance.mode}"), rows
    )
    print(f"\nlook and listen: {folder / 'report.html'}")


def _ms(value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.1f} ms"

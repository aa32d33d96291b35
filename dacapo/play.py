"""`dacapo play`: a song through a real ROS 2 graph in real time, or in a world, scored."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.hand import add_hand_arguments
from dacapo.inputs import (
    check_writable,
    load_fitted,
    load_goals,
    load_model,
    load_world,
    remark_findings,
    settle_policy,
)
from dacapo.output import print_json, print_table
from dacapo.play_pair import play_pair
from dacapo.progress import LiveLine, bar
from dacapo.verbs import (
    Verbs,
    add_params_argument,
    add_policy_argument,
    add_rig_argument,
    add_verb,
    add_world_argument,
    seed,
)
from dacapo.video import check_video, make_video

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardware.world import World
    from policies.performer import Progress
    from score import Goals, Performance
    from sim import Rig, RigModel

MODES = ("sim", "virtual", "emulated", "real")

EPILOG = """\
examples:
  dacapo play ode_to_joy
  dacapo play my_song.mid --video my_song.mp4
  dacapo play ode_to_joy --mode virtual --world workshop-a --params fitted.yaml
  dacapo play ode_to_joy --mode emulated --world workshop-a
  dacapo play ode_to_joy --mode real --device my_hand.yaml

The policy plays for the physics of --params, the planner if none is named, and their delay is led.
Leaves a folder <time>-<song> with performance.json, performance.mid, a recording and report.html;
of two hands no recording. Ctrl-C stops the hand; on hardware a recording stays.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "play", "play a song and score it", EPILOG, run)
    parser.set_defaults(refuse=parser.error)
    parser.add_argument("song", metavar="SONG|FILE.mid", help="what to play")
    add_rig_argument(parser)
    parser.add_argument(
        "--mode",
        choices=MODES,
        default=MODES[0],
        help="sim: the nominal simulator, or that of --params, in real time; virtual: a --world in "
        "process, faster; emulated: a --world behind a serial device and a MIDI port; real: the "
        "hardware (default: %(default)s)",
    )
    add_policy_argument(parser, None)
    add_params_argument(parser)
    add_world_argument(parser, "modes virtual and emulated")
    parser.add_argument(
        "--trial",
        type=seed,
        default=0,
        metavar="N",
        help="which draw of jitter and noise (default: %(default)s)",
    )
    hardware = parser.add_argument_group("mode real")
    add_hand_arguments(hardware)
    hardware.add_argument(
        "--keyboard", metavar="NAME", help="part of its MIDI port's name (default: the only one)"
    )
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
    from sim import has_two_hands

    if has_two_hands(arguments.rig):
        return play_pair(arguments)
    model = load_model(arguments.rig, arguments.params)
    goals = load_goals(arguments.song, model)
    world = _settle_world(arguments, model.rig)
    check_writable(arguments.out)
    if arguments.video:
        check_video(arguments.video)
    remark_findings(arguments.song, model)
    policy = settle_policy(arguments.policy, model, goals, fitted=bool(arguments.params))
    with LiveLine() as line:
        line.show("starting")
        play = _play_in_graph if world is None else partial(_play_in_world, world)
        performance, folder = play(
            arguments, model, policy, lambda progress: line.show(_describe(progress, goals))
        )
        if arguments.video:
            make_video(
                model.rig,
                goals,
                folder,
                arguments.video,
                lambda share: line.show(f"filming {bar(share)}"),
            )
    if arguments.json:
        print_json(performance.to_dict())
    else:
        _print(performance, folder)
    return 0


def _settle_world(arguments: argparse.Namespace, rig: Rig) -> World | None:
    """The world of mode virtual; None in other modes. What does not go together is bad usage.

    Raises:
        WorldError: there is no such world, or it is wrong.
    """
    mode = arguments.mode
    if mode == "virtual" and not arguments.world:
        arguments.refuse("--mode virtual plays in a world: add --world NAME, e.g. workshop-a")
    for name in ("world", "trial"):
        if getattr(arguments, name) and mode in ("sim", "real"):
            arguments.refuse(f"--mode {mode} has no {name}: add --mode virtual or --mode emulated")
    for name in ("device", "port", "keyboard"):
        if getattr(arguments, name) and mode != "real":
            arguments.refuse(f"--mode {mode} has no --{name}: add --mode real")
    if mode == "real" and not arguments.device and getattr(rig.driver, "kind", "") == "dynamixel":
        arguments.refuse("--mode real needs --device FILE (docs/hardware.md)")
    return load_world(arguments.world) if mode == "virtual" else None


def _play_in_graph(
    arguments: argparse.Namespace,
    model: RigModel,
    policy: str,
    report: Callable[[Progress], None],
) -> tuple[Performance, Path]:
    from piano_nodes.compose import play

    names = ("params", "world", "trial", "device", "port", "keyboard")
    given = {name: str(getattr(arguments, name) or "") for name in names}
    played = play(
        arguments.song,
        out=arguments.out,
        on_progress=report,
        rig=arguments.rig,
        mode=arguments.mode,
        policy=policy,
        **given,
    )
    return played.performance, played.folder


def _play_in_world(
    world: World,
    arguments: argparse.Namespace,
    model: RigModel,
    policy: str,
    report: Callable[[Progress], None],
) -> tuple[Performance, Path]:
    from calibration.virtual import play_virtual

    known = load_fitted(arguments.rig, arguments.params).parameters if arguments.params else None
    return play_virtual(
        arguments.song,
        model=model,
        policy=policy,
        world=world,
        parameters=known,
        trial=arguments.trial,
        out=arguments.out,
        report=report,
    )


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
    rows: list[tuple[object, ...]] = [
        ("frame F1", f"{frame.f1:.3f}", f"doing nothing scores {frame.do_nothing_f1:.3f}"),
        (
            "note F1",
            f"{note.f1_50ms:.3f}",
            f"onsets within 50 ms; within 100 ms {note.f1_100ms:.3f}",
        ),
        ("onset error", f"{_ms(onset.median, '+')}", f"median; 95 % below {_ms(onset.p95)}"),
        ("wrong keys", performance.wrong_keys, ""),
    ]
    if loop.period_ms_p50 is not None:  # a loop ran in real time
        rows += [
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

"""`dacapo iterate`: train, play on the rig, listen, correct the simulator, and from the top."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from dacapo.extras import require_extra
from dacapo.hand import add_hand_arguments
from dacapo.inputs import check_writable
from dacapo.output import complain, print_json, print_table, remark
from dacapo.progress import LiveLine, bar
from dacapo.verbs import Verbs, add_rig_argument, add_verb, add_world_argument, positive_int

if TYPE_CHECKING:
    from typing import Any

    from calibration.loop import Place, Progress, Setup

OUT = Path("runs/iterate")
ROUNDS = 3

EPILOG = f"""\
examples:
  dacapo iterate ode_to_joy --mode virtual --world workshop-a
  dacapo iterate ode_to_joy my_song.mid --mode emulated --world workshop-a
  dacapo iterate ode_to_joy --mode real --device my_hand.yaml
  dacapo iterate ode_to_joy --mode virtual --world workshop-a --resume

The hand first moves so that its physics show (90 s at most); the simulator is fitted to that.
Every round then trains for the fitted simulator, plays every song twice, and fits again, until the
real performances are as good as the simulated ones. At the end every song is played three times:
that is the result. DIR/<rig>-<world> ({OUT}) holds everything, state.json what is done, and
summary.json the result. Stopped, killed or after an error, --resume goes on where it was.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "iterate", "train, play, listen, correct, from the top", EPILOG, run)
    parser.set_defaults(refuse=parser.error)
    parser.add_argument("songs", nargs="+", metavar="SONG|FILE.mid", help="what to learn")
    add_rig_argument(parser)
    parser.add_argument(
        "--mode",
        choices=("virtual", "emulated", "real"),
        required=True,
        help="virtual: a --world in process, faster than real time; emulated: a --world behind a "
        "serial device and a MIDI port; real: the hardware",
    )
    add_world_argument(parser, "modes virtual and emulated")
    hardware = parser.add_argument_group("mode real")
    add_hand_arguments(hardware)
    hardware.add_argument(
        "--keyboard", metavar="NAME", help="part of its MIDI port's name (default: the only one)"
    )
    parser.add_argument(
        "--rounds",
        type=positive_int,
        default=ROUNDS,
        metavar="N",
        help="most rounds (default: %(default)s)",
    )
    parser.add_argument(
        "--baselines",
        action=argparse.BooleanOptionalAction,
        help="also measure what the loop is compared with, after it (default: in mode virtual)",
    )
    parser.add_argument("--resume", action="store_true", help="go on where it was stopped")
    parser.add_argument(
        "--out",
        type=Path,
        default=OUT,
        metavar="DIR",
        help="folder of loops (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; checks what can be checked before anything is trained."""
    _check_usage(arguments)
    require_extra("training", "train")
    import calibration.study  # noqa: F401  # says what is missing

    setup = _setup(arguments)
    check_writable(arguments.out)
    folder = arguments.out / _folder_name(arguments, setup)
    from calibration.loop import iterate, was_begun

    if arguments.resume and not was_begun(folder):
        return complain(
            f"error: nothing to go on with in {folder}: leave out --resume, or check --out"
        )
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with LiveLine() as line:
            line.show("loading")
            summary = iterate(
                setup,
                folder,
                resume=arguments.resume,
                on_progress=partial(_show, line),
            )
    except KeyboardInterrupt:
        return complain(f"stopped: the same command with --resume goes on in {folder}")
    if arguments.json:
        print_json(summary)
    else:
        print_summary(summary, folder)
    return 0


def _check_usage(arguments: argparse.Namespace) -> None:
    """What does not go together is bad usage."""
    mode = arguments.mode
    if mode != "real" and not arguments.world:
        arguments.refuse(f"--mode {mode} plays in a world: add --world NAME, e.g. workshop-a")
    if mode == "real" and arguments.world:
        arguments.refuse("--mode real has no world: leave --world out")
    for name in ("device", "port", "keyboard"):
        if getattr(arguments, name) and mode != "real":
            arguments.refuse(f"--mode {mode} has no --{name}: add --mode real")


def _setup(arguments: argparse.Namespace) -> Setup:
    from calibration.loop import Setup

    baselines = arguments.baselines
    return Setup.of(
        arguments.songs,
        arguments.rig,
        _place(arguments),
        rounds=arguments.rounds,
        baselines=arguments.mode == "virtual" if baselines is None else baselines,
    )


def _place(arguments: argparse.Namespace) -> Place:
    from calibration.loop import virtual_place
    from dacapo.rehearse import emulated_place, real_place
    from sim import build_model, load_rig

    rig = load_rig(arguments.rig)
    if arguments.mode == "virtual":
        return virtual_place(arguments.world, build_model(rig))
    if arguments.mode == "emulated":
        return emulated_place(arguments.world, arguments.rig)
    if not arguments.device and getattr(rig.driver, "kind", "") == "dynamixel":
        arguments.refuse("--mode real needs --device FILE (docs/hardware.md)")
    return real_place(arguments.rig, arguments.device, arguments.port, arguments.keyboard)


def _folder_name(arguments: argparse.Namespace, setup: Setup) -> str:
    """The same for the same command, so that `--resume` finds what it began."""
    where = Path(arguments.world).stem if arguments.world else arguments.mode
    return f"{setup.model.rig.name}-{where}"


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _show(line: LiveLine, progress: Progress) -> None:
    """One line: where in the loop, how far, how good; what came of a round stays."""
    if progress.ended:
        line.keep(f"{progress.stage}  {progress.note}")
    else:
        line.show(f"{progress.stage}  {progress.step} {bar(progress.share)} {progress.note}")


def print_summary(summary: dict[str, Any], folder: Path) -> None:
    """Prints a loop's rounds and final scores, and what to mind.

    Args:
        summary: of `summary.json`.
        folder: where it is.
    """
    rows: list[tuple[object, ...]] = [
        (
            f"round {facts['round']}",
            f"{facts['mean_f1']:.3f}",
            f"{facts['note_f1_50ms']:.3f}",
            f"{facts['robot_time_s']:.0f}",
            f"{facts['wall_s']:.0f}",
        )
        for facts in summary["rounds"]
    ]
    measured = {"final": summary["final"], **(summary["baselines"] or {})}
    rows += [
        (name.replace("_", " "), f"{of['mean_f1']:.3f}", f"{of['note_f1_50ms']:.3f}", "", "")
        for name, of in measured.items()
        if of is not None
    ]
    print_table(("", "frame F1", "note F1 50 ms", "robot s", "wall s"), rows)
    for warning in _warnings(summary):
        remark(warning)
    remark(f"{summary['stopped']}; everything is in {folder}")


def _warnings(summary: dict[str, Any]) -> Iterator[str]:
    """What a reader of the scores must know."""
    silent = [name for name, of in summary["final"]["songs"].items() if of["never_hit"]]
    if silent:
        yield f"never hit: {', '.join(silent)}: look at the keyboard's place, and at the report"
    fits = {"excitation": summary["excitation"]}
    fits |= {f"round {facts['round']}": facts for facts in summary["rounds"]}
    for stage, fit in fits.items():
        if not fit["accepted"]:
            yield f"{stage}: its fit errs more than what was believed before, and is not used"
        if fit["left_out"]:
            yield f"{stage}: no key was heard, nothing learned from: {', '.join(fit['left_out'])}"
    if on_bound := _on_bound(summary):
        yield f"on a bound, the truth may lie beyond: {', '.join(on_bound)}"


def _on_bound(summary: dict[str, Any]) -> list[str]:
    """Of the last fit that is believed, the excitation's or a round's."""
    fits = [summary["excitation"], *summary["rounds"]]
    believed = [fit["on_bound"] for fit in fits if fit["accepted"]]
    return believed[-1] if believed else []

"""`dacapo calibrate`: physics parameters from recordings."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.inputs import check_writable
from dacapo.inspect import open_recording
from dacapo.output import print_json, print_table, remark
from dacapo.progress import LiveLine, bar
from dacapo.verbs import (
    Verbs,
    add_params_argument,
    add_rig_argument,
    add_verb,
    positive_float,
    positive_int,
)

if TYPE_CHECKING:
    from calibration.recordings import Recording
    from calibration.study.clock import Progress
    from calibration.study.result import Calibration
    from sim import PhysicsParameters, Rig

EPILOG = """\
examples:
  dacapo calibrate runs/20250131-204500-ode_to_joy runs/20250131-204700-happy_birthday \\
      --out my_rig.yaml
  dacapo play ode_to_joy --params my_rig.yaml
  dacapo calibrate runs/2* --out my_rig_2.yaml --params my_rig.yaml   # go on from what is known
  optuna-dashboard my_rig.study

Writes FILE, a report beside it (.html), and the study (.study). Parameters that are worse than
those known before on recordings held out of the fit go to FILE.rejected.yaml and are not to be
used; known before is what --params holds, else what FILE itself holds. A calibration that was
stopped or killed goes on when the same command is given again.
More: docs/calibration.md.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    summary = "fit the simulator to recordings"
    parser = add_verb(verbs, "calibrate", summary, EPILOG, run)
    parser.add_argument("recordings", nargs="+", type=Path, metavar="RECORDING")
    add_rig_argument(parser)
    add_params_argument(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="physics parameters, YAML"
    )
    parser.add_argument("--trials", type=positive_int, default=200, help="default: %(default)s")
    parser.add_argument(
        "--budget-s", type=positive_float, metavar="N", help="seconds to end after (default: none)"
    )
    parser.add_argument("--seed", type=_seed, default=0, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--study",
        metavar="FILE|URL",
        help="journal file or database of the trials (default: beside --out, .study)",
    )
    parser.add_argument(
        "--workers", type=positive_int, default=1, help="processes (default: %(default)s)"
    )
    parser.add_argument(
        "--join",
        action="store_true",
        help="only help another process or machine with the trials of --study",
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    from sim import load_rig, read_parameters

    rig = load_rig(arguments.rig)
    previous = read_parameters(arguments.params, rig) if arguments.params else None
    recordings = [open_recording(path) for path in arguments.recordings]
    if arguments.join:
        return _join(recordings, rig, previous, arguments)
    check_writable(arguments.out.parent)
    result = _calibrate(recordings, rig, previous, arguments)
    if arguments.json:
        print_json(result.to_dict())
    else:
        _print(result)
    return 0


def _calibrate(
    recordings: list[Recording],
    rig: Rig,
    previous: PhysicsParameters | None,
    arguments: argparse.Namespace,
) -> Calibration:
    with LiveLine() as line:
        line.show("reading recordings, preparing simulators")
        from calibration.study.calibrate import calibrate

        result = calibrate(
            recordings,
            rig,
            out=arguments.out,
            trials=arguments.trials,
            seed=arguments.seed,
            study=arguments.study,
            previous=previous,
            on_progress=lambda progress: line.show(_describe(progress)),
            budget_s=arguments.budget_s,
            workers=arguments.workers,
        )
    for name in result.silent:
        remark(f"{name}: left out, no key sounds in it")
    if result.beyond:
        names = ", ".join(result.beyond)
        remark(f"known before beyond the bounds of the fit, which began at the bound: {names}")
    for name in result.on_bound:
        remark(f"{name} sits on a bound: the truth may lie beyond it")
    return result


def _join(
    recordings: list[Recording],
    rig: Rig,
    previous: PhysicsParameters | None,
    arguments: argparse.Namespace,
) -> int:
    from calibration.study.calibrate import join

    with LiveLine() as line:

        def show(trials: int) -> bool:
            line.show(f"{trials} trials evaluated here")
            return True

        trials = join(
            recordings,
            rig,
            study=arguments.study or str(arguments.out.with_suffix(".study")),
            out=arguments.out,
            trials=arguments.trials,
            seed=arguments.seed,
            previous=previous,
            on_trials=show,
        )
    if arguments.json:
        print_json({"trials": trials})
    else:
        print(f"{trials} trials evaluated here")
    return 0


def _describe(progress: Progress) -> str:
    left = "" if math.isnan(progress.left_s) else f", {progress.left_s:.0f} s left"
    share = progress.trials / max(progress.of, 1)
    return (
        f"{bar(share)} {progress.stage}, {progress.trials} of {progress.of}, "
        f"best {progress.best:.4g}, {progress.trials_per_s:.1f}/s{left}"
    )


def _print(result: Calibration) -> None:
    values = result.parameters.values
    rows = [
        (name, f"{values[name]:.4g}", f"{low:.4g} to {high:.4g}", _note(result, name))
        for name, (low, high) in result.intervals.items()
    ]
    print_table(("parameter", "fit", "95 %, noise alone", ""), rows)
    print()
    print(f"held-out error: {result.heldout_before:.4g} before, {result.heldout_after:.4g} after")
    before, after = result.judged_before.gap, result.judged_after.gap
    if before and after:
        print(
            f"held-out onsets: {before.onset_mae_ms:.1f} ms before, {after.onset_mae_ms:.1f} after"
        )
    verdict = "accepted" if result.accepted else "rejected, not to be used"
    print(f"{verdict}: {result.path}, report {result.path.with_suffix('.html')}")


def _note(result: Calibration, name: str) -> str:
    if name in result.on_bound:
        return "on a bound"
    return "" if name in result.identifiable else "not told by these recordings"


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f"must be a whole number below 2^31, not '{text}'")
    return int(text)

"""`dacapo dataset`: rollouts of two hands as a Zarr store in RP1M's layout."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.extras import require_extra
from dacapo.inputs import check_writable, room_in
from dacapo.output import complain, print_json, print_table
from dacapo.progress import LiveLine, bar
from dacapo.verbs import Verbs, add_verb, positive_float, positive_int, width

if TYPE_CHECKING:
    from policies.dataset import Built, ChunkStats, Settings, Status

OUT = Path("runs/dataset.zarr")
ROLLOUTS = 500
NOISE = 0.02
MOST_ROLLOUTS, MOST_WORKERS = 1_000_000, 1_000
"""What memory bears; more is a slip of the finger."""

EPILOG = f"""\
examples:
  dacapo dataset build twinkle_twinkle_little_star --rollouts 500
  dacapo dataset build songs/*.mid --policy bundles/ --out {OUT}
  dacapo dataset stats {OUT}          its size and scores, and RP1M's Fig. 4 as a picture

Cuts songs into chunks of 550 control steps and plays each many times, on all cores or, with
RAY_ADDRESS set, on a Ray cluster. The same command goes on where it was stopped. docs/dataset.md
tells what the arrays are.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "dataset", "make many rollouts, look at them", EPILOG, run)
    parser.add_argument("action", choices=("build", "stats"), help="what to do")
    parser.add_argument(
        "what", nargs="+", metavar="SONG|FILE.mid|DIR.zarr", help="songs to play, or the dataset"
    )
    parser.add_argument(
        "--rig", default="shadow_pair_88", metavar="NAME|FILE", help="default: %(default)s"
    )
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="DIR|FILE",
        help="bundles or targets of each chunk, .npz (default: the planner)",
    )
    _add_amounts(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help=f"where to (default: {OUT}; stats: runs)"
    )


def _add_amounts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rollouts",
        type=_amount,
        default=ROLLOUTS,
        metavar="N",
        help="of each chunk (default: %(default)s)",
    )
    parser.add_argument(
        "--noise",
        type=width,
        default=NOISE,
        metavar="X",
        help="most noise on targets and start, standard deviation, of their ranges "
        "(default: %(default)g)",
    )
    parser.add_argument(
        "--stretch",
        type=positive_float,
        default=1.25,
        metavar="X",
        help="times of songs are multiplied by this (default: %(default)g)",
    )
    parser.add_argument("--seed", type=_whole, default=0, help="default: %(default)s")
    parser.add_argument(
        "--workers", type=_workers, default=0, metavar="N", help="processes (default: one a core)"
    )


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number of 0 or more, not '{text}'")
    return int(text)


def _amount(text: str) -> int:
    return _at_most(MOST_ROLLOUTS, positive_int(text))


def _workers(text: str) -> int:
    return _at_most(MOST_WORKERS, _whole(text))


def _at_most(most: int, number: int) -> int:
    if number > most:
        raise argparse.ArgumentTypeError(f"must be at most {most}, not {number}")
    return number


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    require_extra("a dataset", "dataset")
    if arguments.action == "build":
        return _build(arguments)
    if len(arguments.what) != 1:
        complain("error: stats takes one dataset")
        return 2
    return _stats(Path(arguments.what[0]), arguments.out or Path("runs"), arguments.json)


def _build(arguments: argparse.Namespace) -> int:
    from policies.dataset import build, open_workers

    path = arguments.out or OUT
    if arguments.noise == 0.0 and arguments.rollouts > 1:
        complain("error: without --noise all rollouts of a chunk are alike: give --rollouts 1")
        return 2
    check_writable(path.parent)
    with LiveLine() as line, room_in(path), open_workers(arguments.workers) as perform:
        built = build(
            path,
            arguments.what,
            _settings(arguments),
            perform,
            lambda status: line.show(_describe(status)),
        )
    _print_built(path, built, arguments.json)
    if not built.left_out:
        return 0
    reasons = "; ".join(built.left_out.values())
    return complain(f"error: left out {len(built.left_out)} of {built.chunks} chunks: {reasons}")


def _describe(status: Status) -> str:
    last = f"the last with F1 {status.f1:.3f}" if status.f1 is not None else "preparing"
    left = "" if math.isnan(status.left_s) else f", {math.ceil(status.left_s / 60)} min left"
    return (
        f"{status.chunk}  {bar(status.done / status.total)} {status.done} of {status.total} "
        f"rollouts, {last}{left}"
    )


def _settings(arguments: argparse.Namespace) -> Settings:
    from policies.dataset import Settings, choose_player

    return Settings(
        rig=arguments.rig,
        make_player=choose_player,
        given=arguments.policy,
        rollouts=arguments.rollouts,
        noise=arguments.noise,
        stretch=arguments.stretch,
        seed=arguments.seed,
    )


def _print_built(path: Path, built: Built, as_json: bool) -> None:
    document: dict[str, object] = {
        "dataset": str(path),
        "chunks": built.chunks,
        "rollouts_found": built.found,
        "rollouts_made": built.made,
        "wall_s": round(built.wall_s, 3),
        "writing_s": round(built.writing_s, 3),
    }
    if as_json:
        print_json(document | {"left_out": dict(built.left_out)})
    else:
        print_table(tuple(document), [tuple(document.values())])


def _stats(path: Path, folder: Path, as_json: bool) -> int:
    from policies.dataset import draw_stats, open_store, read_stats
    from score import write_whole

    check_writable(folder)
    stats = read_stats(open_store(path))
    picture = folder / f"{path.resolve().stem}.png"
    write_whole(picture, draw_stats(stats))
    _print_stats(stats, picture, as_json)
    return 0


def _print_stats(stats: list[ChunkStats], picture: Path, as_json: bool) -> None:
    rows = [(s.name, s.n_steps, s.active_keys, len(s.f1), round(s.f1.mean(), 3)) for s in stats]
    header = ("chunk", "steps", "active_keys", "rollouts", "frame_f1")
    if as_json:
        chunks = [dict(zip(header, row, strict=True)) for row in rows]
        print_json({"picture": str(picture), "chunks": chunks})
    else:
        print_table(header, rows)
        print(f"picture: {picture}")

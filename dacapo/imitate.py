"""`dacapo imitate`: one policy for many songs, learned from a dataset of two hands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.extras import require_extra
from dacapo.inputs import check_writable, room_in
from dacapo.output import complain, print_json, print_table
from dacapo.progress import LiveLine, bar
from dacapo.verbs import Verbs, add_verb, positive_float, seed

if TYPE_CHECKING:
    from policies.imitation.train import Imitated, Progress

OUT = Path("runs/imitate")
RIG = "shadow_pair_88"
METHODS = ("bc-256", "bc-1024", "bc-4096", "implicit-bc", "bc-rnn", "diffusion", "bc-fingers")
BUDGET_S = 3600.0

EPILOG = f"""\
examples:
  dacapo imitate rp1m.zarr
  dacapo imitate rp1m.zarr --method diffusion --split my_split.yaml --budget-s 86400
  dacapo play twinkle_twinkle_little_star --rig {RIG} \\
    --policy {OUT}/{RIG}-bc-1024-0/bc-1024.npz

The dataset was recorded on {RIG}. A split names the songs to train on and the easy and hard ones
that training never sees (docs/imitation.md). A run gets the folder DIR/<rig>-<method>-<seed> with
checkpoint, learning curve and bundle; one that was stopped or killed goes on when the same command
is given again. The bundle plays each song of the split once, at the end.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "imitate", "train one policy for many songs of two hands", EPILOG, run)
    parser.add_argument("dataset", type=Path, metavar="DATASET.zarr", help="what to learn from")
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="bc-1024",
        metavar="NAME",
        help=f"{', '.join(METHODS)} (default: %(default)s)",
    )
    parser.add_argument(
        "--split", type=Path, metavar="FILE", help="songs, YAML (default: those of docs/corpus.md)"
    )
    parser.add_argument(
        "--budget-s",
        type=positive_float,
        default=BUDGET_S,
        metavar="N",
        help="wall-clock seconds of training (default: %(default)g)",
    )
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--out",
        type=Path,
        default=OUT,
        metavar="DIR",
        help="folder of training runs (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; checks what can be checked before anything is trained."""
    require_extra("imitating", "train")
    require_extra("imitating", "dataset")
    folder = arguments.out / f"{RIG}-{arguments.method}-{arguments.seed}"
    check_writable(arguments.out)
    try:
        with room_in(folder):
            imitated, columns = _imitate(arguments, folder)
    except KeyboardInterrupt:
        return complain(f"stopped: the same command goes on from the last exam in {folder}")
    if arguments.json:
        print_json(_document(imitated, columns, arguments.method))
    else:
        rows = [
            (column, len(f1), f"{_mean(f1):.3f}" if f1 else "") for column, f1 in columns.items()
        ]
        print_table(("songs", "number", "frame F1"), rows)
        print(f"bundle: {imitated.bundle}")
    return 0


def _imitate(
    arguments: argparse.Namespace, folder: Path
) -> tuple[Imitated, dict[str, dict[str, float]]]:
    from policies.imitation.split import CORPUS_SPLIT, read_split

    split = read_split(arguments.split or CORPUS_SPLIT)
    with LiveLine() as line:
        line.show(f"{arguments.method}  preparing: dataset, simulator, compilation")
        from policies.imitation.songs import load_songs
        from policies.imitation.table import play_split
        from policies.imitation.train import Imitation, Schedule
        from sim.device import device_memory
        from sim.pair import build_pair, load_pair

        model = build_pair(load_pair(RIG))
        songs = load_songs(arguments.dataset, split, model)

        def show(progress: Progress) -> None:
            line.show(_describe(arguments.method, progress, arguments.budget_s))

        with device_memory(f"--method {arguments.method}", "a smaller one"):
            imitation = Imitation(
                arguments.method,
                songs,
                model,
                folder,
                seed=arguments.seed,
                source=arguments.dataset.resolve().name,
            )
            imitated = imitation.run(Schedule(arguments.budget_s), show)

        def play(song: str) -> None:
            line.show(f"{arguments.method}  playing the split's songs: {song}")

        return imitated, play_split(imitated.bundle, songs, model, arguments.seed, play)


def _describe(method: str, progress: Progress, budget_s: float) -> str:
    best = "no exam yet" if progress.frame_f1 is None else f"best F1 {progress.frame_f1:.3f}"
    return (
        f"{method}  {bar(1.0 - progress.left_s / budget_s)} {progress.steps} steps, loss "
        f"{progress.loss:.4f}, {best}, {progress.left_s:.0f} s left"
    )


def _document(
    imitated: Imitated, columns: dict[str, dict[str, float]], method: str
) -> dict[str, object]:
    return {
        "bundle": str(imitated.bundle),
        "method": method,
        "steps": imitated.steps,
        "wall_s": round(imitated.wall_s, 3),
        "frame_f1": {column: _mean(f1) if f1 else None for column, f1 in columns.items()},
        "songs": columns,
    }


def _mean(f1: dict[str, float]) -> float:
    return sum(f1.values()) / len(f1)

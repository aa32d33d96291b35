"""`dacapo polish`: trajectory search on the planner's plan, no training."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.inputs import check_writable, load_fitted, load_goals, load_playable
from dacapo.output import print_json, print_table
from dacapo.progress import LiveLine, bar
from dacapo.verbs import (
    Verbs,
    add_params_argument,
    add_rig_argument,
    add_verb,
    positive_float,
)

if TYPE_CHECKING:
    from policies.search import Polished
    from sim import PlayableModel

OUT = Path("runs/polish")
BUDGET_S = 25.0

EPILOG = f"""\
examples:
  dacapo polish ode_to_joy
  dacapo polish ode_to_joy twinkle_twinkle_little_star --rig allegro_slide_49 --budget-s 60
  dacapo play ode_to_joy --policy {OUT}/leap_rail_49/ode_to_joy.npz

Changes the plan around the control steps that go wrong, keeps what plays better in the simulator
and repeats, until the song is perfect also 10 ms early and 20 ms late, or the budget is used up.
Each song becomes a policy bundle, DIR/<rig>/<song>.npz.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "polish", "improve the planner's plan by search", EPILOG, run)
    parser.add_argument("songs", nargs="+", metavar="SONG|FILE.mid", help="what to polish")
    add_rig_argument(parser)
    add_params_argument(parser)
    parser.add_argument(
        "--budget-s",
        type=positive_float,
        default=BUDGET_S,
        metavar="N",
        help="seconds a song (default: %(default)g)",
    )
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help="where to (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    model = load_playable(arguments.rig, arguments.params)
    folder = arguments.out / model.rig.name
    check_writable(folder)
    with LiveLine() as line:
        songs = {name: _polish(name, model, arguments, folder, line) for name in arguments.songs}
    if arguments.json:
        print_json(songs)
    else:
        _print(songs)
    return 0


def _polish(
    song: str, model: PlayableModel, arguments: argparse.Namespace, folder: Path, line: LiveLine
) -> dict[str, object]:
    from policies import make_plan
    from policies.bundle import write_bundle
    from policies.search import polish, polished_bundle

    goals = load_goals(song, model)
    budget_s, seed = arguments.budget_s, arguments.seed

    def show(now: Polished) -> None:
        line.show(
            f"{song}  {bar(now.wall_s / budget_s)} round {now.rounds}, frame F1 "
            f"{now.frame_f1:.3f}, 10 ms late {now.frame_f1_late:.3f}"
        )

    polished = polish(make_plan(goals, model), goals, model, budget_s, seed, progress=show)
    path = folder / f"{goals.name}.npz"
    physics = load_fitted(arguments.rig, arguments.params).parameters.values
    write_bundle(polished_bundle(polished, goals, model, physics=physics, seed=seed), path)
    return {
        "bundle": str(path),
        "frame_f1": polished.frame_f1,
        "frame_f1_late_10ms": polished.frame_f1_late,
        "rounds": polished.rounds,
        "wall_s": round(polished.wall_s, 3),
    }


def _print(songs: dict[str, dict[str, object]]) -> None:
    rows = [
        (
            name,
            f"{of['frame_f1']:.3f}",
            f"{of['frame_f1_late_10ms']:.3f}",
            of["rounds"],
            f"{of['wall_s']:.1f}",
            of["bundle"],
        )
        for name, of in songs.items()
    ]
    print_table(("song", "frame F1", "10 ms late", "rounds", "wall s", "bundle"), rows)

"""`dacapo evaluate`: how well a policy plays, in process, faster than real time."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from dacapo.inputs import load_goals, load_model
from dacapo.output import print_json, print_table
from dacapo.progress import LiveLine, bar
from dacapo.verbs import (
    Verbs,
    add_params_argument,
    add_policy_argument,
    add_rig_argument,
    add_verb,
    positive_float,
    positive_int,
)

if TYPE_CHECKING:
    from score import Performance
    from sim import RigModel

EPILOG = """\
examples:
  dacapo evaluate ode_to_joy
  dacapo evaluate ode_to_joy happy_birthday --rig allegro_slide_49 --json
  dacapo evaluate my_song.mid --tempo 2          at double tempo
  dacapo evaluate twinkle_twinkle_little_star --episodes 20 --seed 1

The first episode starts in the policy's start posture, every other one slightly off it, drawn
from the seed. Frame F1 is RoboPianist's; its interval is the 95 % bootstrap interval of the mean.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "evaluate", "score a policy on songs, without ROS", EPILOG, run)
    parser.add_argument("songs", nargs="+", metavar="SONG|FILE.mid", help="what to play")
    add_rig_argument(parser)
    add_policy_argument(parser)
    add_params_argument(parser)
    parser.add_argument("--tempo", type=positive_float, default=1.0, help="2 is double tempo")
    parser.add_argument("--episodes", type=positive_int, default=1, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    model = load_model(arguments.rig, arguments.params)
    with LiveLine() as line:
        songs = {name: _evaluate(name, model, arguments, line) for name in arguments.songs}
    if arguments.json:
        print_json({"policy": arguments.policy, "rig": model.rig.name, "songs": songs})
    else:
        _print(songs)
    return 0


def _evaluate(
    song: str, model: RigModel, arguments: argparse.Namespace, line: LiveLine
) -> dict[str, object]:
    from policies import load_policy
    from policies.evaluation import episodes

    goals = load_goals(song, model, arguments.tempo)
    started_s = time.monotonic()
    policy = load_policy(arguments.policy, model, goals)
    plan_s = time.monotonic() - started_s
    performances = []
    for performance in episodes(policy, model, goals, arguments.episodes, arguments.seed):
        performances.append(performance)
        done = len(performances) / arguments.episodes
        line.show(f"{song}  {bar(done)} frame F1 {performance.frame.f1:.3f}")
    return _summary(performances, arguments.seed) | {"plan_s": round(plan_s, 3)}


def _summary(performances: list[Performance], seed: int) -> dict[str, object]:
    import numpy as np

    from policies.evaluation import interval_of_mean

    frame_f1 = [p.frame.f1 for p in performances]
    medians = [m for p in performances if (m := p.onset_error_ms.median) is not None]
    return {
        "frame_f1": float(np.mean(frame_f1)),
        "frame_f1_interval": list(interval_of_mean(frame_f1, seed)),
        "note_f1_50ms": float(np.mean([p.note.f1_50ms for p in performances])),
        "note_f1_100ms": float(np.mean([p.note.f1_100ms for p in performances])),
        "onset_error_ms_median": float(np.median(medians)) if medians else None,
        "wrong_keys": float(np.mean([p.wrong_keys for p in performances])),
        "episodes": len(performances),
    }


def _print(songs: dict[str, dict[str, object]]) -> None:
    header = ("song", "frame F1", "note F1 50 ms", "100 ms", "onset ms", "wrong keys", "plan s")
    fields = (
        ("frame_f1", ".3f"),
        ("note_f1_50ms", ".3f"),
        ("note_f1_100ms", ".3f"),
        ("onset_error_ms_median", "+.1f"),
        ("wrong_keys", "g"),
        ("plan_s", ".2f"),
    )
    rows = [(name, *(_cell(of[key], form) for key, form in fields)) for name, of in songs.items()]
    print_table(header, rows)


def _cell(value: object, form: str) -> str:
    return "-" if value is None else format(value, form)

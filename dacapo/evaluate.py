"""`dacapo evaluate`: how well a policy plays, in process, faster than real time."""

from __future__ import annotations

import argparse
import itertools
import time
from typing import TYPE_CHECKING

from dacapo.inputs import load_goals, load_model, load_playable, load_world
from dacapo.output import print_json, print_table
from dacapo.progress import LiveLine, bar
from dacapo.verbs import (
    Verbs,
    add_params_argument,
    add_policy_argument,
    add_rig_argument,
    add_verb,
    add_world_argument,
    positive_float,
    positive_int,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardware.world import World
    from policies.evaluation import Evaluation
    from score import Performance
    from sim import PlayableModel, Simulator

EPILOG = """\
examples:
  dacapo evaluate ode_to_joy
  dacapo evaluate ode_to_joy happy_birthday --rig allegro_slide_49 --json
  dacapo evaluate my_song.mid --tempo 2          at double tempo
  dacapo evaluate twinkle_twinkle_little_star --policy zoo --episodes 20 --seed 1
  dacapo evaluate ode_to_joy --policy bundle.npz --params fitted.yaml
  dacapo evaluate ode_to_joy --world workshop-a  where the simulator is wrong

The first episode is undisturbed; every other one starts slightly off the policy's start posture
and reads joints with encoder noise, drawn from the seed. In a --world, of which the policy knows
what --params says and no more, episodes are trials: draws of its jitter and noise, numbered from
the seed on. A command delay that is known, from --params or a bundle's training, is led.
Frame F1 is RoboPianist's; its interval is the 95 % bootstrap interval of the mean over episodes. A
bundle plays the song it was made for.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "evaluate", "score a policy on songs, without ROS", EPILOG, run)
    parser.add_argument("songs", nargs="+", metavar="SONG|FILE.mid", help="what to play")
    add_rig_argument(parser)
    add_policy_argument(parser, "planner")
    add_params_argument(parser)
    add_world_argument(parser, "play in a world")
    parser.add_argument("--tempo", type=positive_float, default=1.0, help="2 is double tempo")
    parser.add_argument("--episodes", type=positive_int, default=10, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    load = load_model if arguments.world else load_playable  # worlds have one hand
    model: PlayableModel = load(arguments.rig, arguments.params)
    world = load_world(arguments.world) if arguments.world else None
    songs: dict[str, Evaluation] = {}
    load_s: dict[str, float] = {}
    with LiveLine() as line:
        for name in arguments.songs:
            songs[name], load_s[name] = _evaluate(name, model, world, arguments, line)
    if arguments.json:
        results = {name: result.to_dict() for name, result in songs.items()}
        print_json({"policy": arguments.policy, "rig": model.rig.name, "songs": results})
    else:
        _print(songs, load_s)
    return 0


def _evaluate(
    song: str,
    model: PlayableModel,
    world: World | None,
    arguments: argparse.Namespace,
    line: LiveLine,
) -> tuple[Evaluation, float]:
    """The scores, and how long making or loading the policy took [s]."""
    from policies import lead_of, load_policy
    from policies.evaluation import evaluate
    from policies.in_process import evaluate_trials
    from policies.performer import RigTiming

    goals = load_goals(song, model, arguments.tempo)
    started_s = time.monotonic()
    policy = load_policy(
        arguments.policy,
        model,
        goals,
        lambda share: line.show(f"{song}  planning {bar(share)}"),
    )
    load_s = time.monotonic() - started_s
    done = itertools.count(1)

    def show(performance: Performance) -> None:
        share = next(done) / arguments.episodes
        line.show(f"{song}  {bar(share)} frame F1 {performance.frame.f1:.3f}")

    count, seed = arguments.episodes, arguments.seed
    if world is None:
        scores = evaluate(policy, model, goals, count, seed=seed, on_episode=show)
    else:
        simulators = _simulators(arguments.rig, world, range(seed, seed + count))
        timing = RigTiming(lead_s=lead_of(policy, model))
        scores = evaluate_trials(policy, goals, simulators, seed, show, timing=timing)
    return scores, load_s


def _simulators(rig_name: str, world: World, trials: range) -> Iterator[Simulator]:
    from hardware.world import WorldSimulator
    from sim import load_rig

    rig = load_rig(rig_name)
    return (WorldSimulator(rig, world, trial) for trial in trials)


def _print(songs: dict[str, Evaluation], load_s: dict[str, float]) -> None:
    header = ("song", "frame F1", "95 %", "note F1 50 ms", "100 ms", "onset ms", "wrong", "load s")
    with_pedal = any(scores.pedal_f1 is not None for scores in songs.values())
    rows = []
    for name, scores in songs.items():
        low, high = scores.frame_f1_interval
        onset = scores.onset_error_ms_median
        pedal = [f"{scores.pedal_f1:.3f}"] if scores.pedal_f1 is not None else []
        rows.append(
            (
                name,
                f"{scores.frame_f1:.3f}",
                f"{low:.3f}-{high:.3f}",
                f"{scores.note_f1_50ms:.3f}",
                f"{scores.note_f1_100ms:.3f}",
                "-" if onset is None else f"{onset:+.1f}",
                f"{scores.wrong_keys:.1f}",
                f"{load_s[name]:.2f}",
                *pedal,
            )
        )
    print_table((*header, "pedal F1") if with_pedal else header, rows)

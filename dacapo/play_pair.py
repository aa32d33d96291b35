"""`dacapo play` for two hands: a bundle or the planner, in process, faster than real time."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.inputs import check_writable, load_goals, load_playable, name_policy, remark_without_key
from dacapo.output import print_json, print_table
from dacapo.progress import LiveLine, bar

if TYPE_CHECKING:
    from policies.evaluation import Episode
    from score import Goals
    from sim import PlayableModel

UNUSED = ("params", "world", "trial", "device", "port", "keyboard", "video")


def play_pair(arguments: argparse.Namespace) -> int:
    """Plays a song once, scores it and leaves its files.

    A bundle of `dacapo imitate` plays at the stretch that it learned and is scored as RoboPianist
    does, by control steps; it leaves no files.

    Raises:
        DaCapoError: the song, the rig or the bundle cannot be used.
    """
    _check_usage(arguments)
    from policies.imitation.bundle import is_imitation

    if arguments.policy and is_imitation(Path(arguments.policy)):
        return _play_imitation(arguments)
    return _play_policy(arguments)


def _play_policy(arguments: argparse.Namespace) -> int:
    from policies import load_policy
    from policies.evaluation import episodes

    check_writable(arguments.out)
    model = load_playable(arguments.rig, None)
    goals = load_goals(arguments.song, model)
    remark_without_key(arguments.song, goals)
    spec = name_policy(arguments.policy, model, goals)
    with LiveLine() as line:
        policy = load_policy(
            spec, model, goals, lambda share: line.show(f"{goals.name}  planning {bar(share)}")
        )
    (episode,) = episodes(policy, model, goals, 1, 0)
    performance = episode.performance
    frame, note = performance.frame, performance.note
    folder = _write(arguments, model, goals, episode)
    if arguments.json:
        print_json({**performance.to_dict(), "pedal_f1": episode.pedal_f1})
        return 0
    rows = [
        ("frame precision", frame.precision),
        ("frame recall", frame.recall),
        ("frame f1", frame.f1),
        ("note f1 50 ms", note.f1_50ms),
        ("pedal f1", episode.pedal_f1),
        ("doing nothing", frame.do_nothing_f1),
    ]
    cells = [(name, f"{value:.3f}") for name, value in rows]
    print_table((goals.name, arguments.rig), [*cells, ("wrong keys", performance.wrong_keys)])
    print(f"\nlook and listen: {folder / 'report.html'}")
    return 0


def _write(
    arguments: argparse.Namespace, model: PlayableModel, goals: Goals, episode: Episode
) -> Path:
    """Leaves what a performance of one hand leaves, but for recording and pictures."""
    from policies.results import RunResult, trace_of, write_results
    from policies.run_folder import RunFolder

    trace = trace_of(episode.observations)
    run = RunFolder.create(arguments.out, arguments.song)
    try:
        result = RunResult(model, goals, episode.events, episode.performance, trace)
        write_results(result, run.partial)
    except BaseException:
        run.discard()
        raise
    return run.finish()


def _play_imitation(arguments: argparse.Namespace) -> int:
    from policies.imitation.bundle import load_bundle
    from policies.imitation.evaluation import Song, play
    from policies.imitation.player import ImitationPlayer
    from policies.imitation.songs import planned_start
    from score import do_nothing_f1
    from score.robopianist import load_goals
    from sim.pair import build_pair, load_pair

    model = build_pair(load_pair(arguments.rig))
    bundle = load_bundle(Path(arguments.policy), model)
    goals = load_goals(arguments.song, stretch=bundle.stretch)
    remark_without_key(arguments.song, goals)
    song = Song(goals, planned_start(goals, model))
    scores = play(ImitationPlayer(bundle, model), model, song, seed=0)
    nothing = do_nothing_f1(goals.keys)
    frame = {"precision": scores.precision, "recall": scores.recall, "f1": scores.f1}
    if arguments.json:
        frame["do_nothing_f1"] = nothing
        names = {"song": goals.name, "rig": arguments.rig, "policy": bundle.method}
        print_json({**names, "stretch": bundle.stretch, "frame": frame})
    else:
        rows = [(f"frame {name}", f"{value:.3f}") for name, value in frame.items()]
        rows += [("doing nothing", f"{nothing:.3f}"), ("stretch", f"{bundle.stretch:g}")]
        print_table((goals.name, arguments.rig), rows)
    return 0


def _check_usage(arguments: argparse.Namespace) -> None:
    if arguments.mode != "sim":
        arguments.refuse(f"--rig {arguments.rig} has no --mode {arguments.mode}")
    for name in UNUSED:
        if getattr(arguments, name):
            arguments.refuse(f"--rig {arguments.rig} has no --{name}")

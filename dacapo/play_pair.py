"""`dacapo play` for two hands: a bundle of `dacapo imitate`, in process, faster than real time."""

from __future__ import annotations

import argparse
from pathlib import Path

from dacapo.output import print_json, print_table

UNUSED = ("params", "world", "device", "port", "keyboard", "video")


def play_pair(arguments: argparse.Namespace) -> int:
    """Plays a song once and scores its frames as RoboPianist does.

    Raises:
        DaCapoError: the song, the rig or the bundle cannot be used.
    """
    _check_usage(arguments)
    from policies.imitation.bundle import check_bundle, read_bundle
    from policies.imitation.evaluation import Nothing, play
    from policies.imitation.player import ImitationPlayer
    from score.robopianist import load_goals
    from sim.pair import build_pair, load_pair

    model, goals = build_pair(load_pair(arguments.rig)), load_goals(arguments.song)
    bundle = read_bundle(Path(arguments.policy))
    check_bundle(bundle, model)
    scores = play(ImitationPlayer(bundle), model, goals, seed=0)
    nothing = play(Nothing(model), model, goals, seed=0).f1
    frame = {"precision": scores.precision, "recall": scores.recall, "f1": scores.f1}
    if arguments.json:
        frame["do_nothing_f1"] = nothing
        names = {"song": goals.name, "rig": arguments.rig, "policy": bundle.method}
        print_json({**names, "frame": frame})
    else:
        rows = [(f"frame {name}", f"{value:.3f}") for name, value in frame.items()]
        print_table((goals.name, arguments.rig), [*rows, ("doing nothing", f"{nothing:.3f}")])
    return 0


def _check_usage(arguments: argparse.Namespace) -> None:
    if arguments.mode != "sim":
        arguments.refuse(f"--rig {arguments.rig} has no --mode {arguments.mode}")
    for name in UNUSED:
        if getattr(arguments, name):
            arguments.refuse(f"--rig {arguments.rig} has no --{name}")
    if arguments.policy in (None, "zoo", "planner"):
        arguments.refuse(f"--rig {arguments.rig} needs --policy BUNDLE, made by dacapo imitate")

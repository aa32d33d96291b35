"""`dacapo record`: whatever goes through the running ROS graph, into a recording."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from dacapo.output import complain, print_json
from dacapo.progress import LiveLine
from dacapo.verbs import Verbs, add_verb, positive_float

EPILOG = """\
examples:
  dacapo record --rig leap_rail_49                 until Ctrl-C
  dacapo record --seconds 60 --out my_recording

Listens to the ROS graph of this domain: joint states, targets, key events, performances and
diagnostics. It moves nothing. `dacapo play` records by itself.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "record", "record the running ROS graph", EPILOG, run)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="the recording; must not exist (default: runs/TIME-recording)",
    )
    parser.add_argument(
        "--rig", default="", metavar="NAME|FILE", help="the rig that is in the graph, to be noted"
    )
    parser.add_argument(
        "--seconds", type=positive_float, metavar="N", help="how long (default: until Ctrl-C)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; Ctrl-C is its ordinary end."""
    from piano_nodes.listen import record

    folder = arguments.out or Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}-recording"
    with LiveLine() as line:
        listened = record(
            folder,
            rig=arguments.rig,
            seconds=arguments.seconds,
            on_progress=lambda s, n: line.show(f"recording {s:5.0f} s  {n} messages"),
        )
    if arguments.json:
        print_json(
            {
                "folder": str(listened.folder),
                "messages": listened.messages,
                "problems": listened.problems,
            }
        )
    else:
        print(f"{listened.folder}: {listened.messages} messages")
    if not listened.messages:
        return complain("error: nothing was heard: is a graph running, in this ROS_DOMAIN_ID?")
    return complain(f"error: {listened.problems}") if listened.problems else 0

"""`dacapo repair`: what is whole of a recording that was cut, as a new one."""

from __future__ import annotations

import argparse
from pathlib import Path

from dacapo.output import print_json
from dacapo.verbs import Verbs, add_verb

EPILOG = """\
examples:
  dacapo repair runs/.20250131-204500-ode_to_joy.partial
  dacapo repair my_recording --out saved

The new recording is marked incomplete: every tool reads it, calibration does not learn from it.
The old one is left as it is.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    summary = "save what is whole of a recording that was cut"
    parser = add_verb(verbs, "repair", summary, EPILOG, run)
    parser.add_argument("recording", type=Path, metavar="RECORDING")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="the new recording (default: RECORDING_repaired)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    from calibration.recordings import read_recording, repair

    folder = repair(arguments.recording, arguments.out)
    recording = read_recording(folder)
    reason = recording.notes["incomplete"]
    if arguments.json:
        print_json(
            {"folder": str(folder), "duration_s": recording.duration_s, "incomplete": reason}
        )
    else:
        print(f"{folder}: {recording.duration_s:.1f} s; incomplete: {reason}")
    return 0

"""`dacapo doctor`: finds each missing piece and says which command mends it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from dacapo.checks import Check, all_checks
from dacapo.output import print_json, print_table
from dacapo.verbs import Verbs, add_rig_argument, add_verb, positive_float

PARTS = ("hand", "keyboard")

EPILOG = """\
examples:
  dacapo doctor                       a table: what, state, found, the command that mends it
  python3 -m dacapo doctor            the same before anything is installed
  dacapo doctor --json                for scripts
  dacapo doctor hand --device FILE    the motors: who is there, how well, how fast
  dacapo doctor keyboard --listen 10  the MIDI keyboard, and what its keys send for 10 s

States: ok; warn (playing works, something else does not); missing (playing does not work).
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    summary = "find what is missing and the command that mends it"
    parser = add_verb(verbs, "doctor", summary, EPILOG, run)
    parser.add_argument("part", nargs="?", choices=PARTS, help="look closer (default: the machine)")
    add_rig_argument(parser)
    parser.add_argument(
        "--port",
        default="",
        metavar="NAME",
        help="hand: serial device; keyboard: part of its MIDI port's name",
    )
    parser.add_argument(
        "--device", type=Path, metavar="FILE", help="hand: how this one was put together"
    )
    parser.add_argument(
        "--listen", type=positive_float, metavar="S", help="keyboard: hear its keys for S seconds"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; exit code 1 if something needed is missing."""
    checks = list(_checks(arguments))
    healthy = all(check.state != "missing" for check in checks)
    if arguments.json:
        print_json({"ok": healthy, "checks": [asdict(check) for check in checks]})
    else:
        _print(checks)
    return 0 if healthy else 1


def _checks(arguments: argparse.Namespace) -> Iterator[Check]:
    if arguments.part == "hand":
        from dacapo.doctor_hand import hand_checks

        return hand_checks(arguments)
    if arguments.part == "keyboard":
        from dacapo.doctor_keyboard import keyboard_checks

        return keyboard_checks(arguments)
    return all_checks()


def _print(checks: list[Check]) -> None:
    rows = [(check.name, check.state, check.detail, check.mend) for check in checks]
    print_table(("what", "state", "found", "mend with"), rows)
    counts = {state: sum(c.state == state for c in checks) for state in ("ok", "warn", "missing")}
    print("\n" + ", ".join(f"{count} {state}" for state, count in counts.items()))

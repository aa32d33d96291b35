"""`dacapo doctor`: finds each missing piece and says which command mends it."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from dacapo.checks import Check, all_checks
from dacapo.output import print_json, print_table
from dacapo.verbs import Verbs, add_verb

EPILOG = """\
examples:
  dacapo doctor                       a table: what, state, found, the command that mends it
  python3 -m dacapo doctor            the same before anything is installed
  dacapo doctor --json                for scripts

States: ok; warn (playing works, something else does not); missing (playing does not work).
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    add_verb(verbs, "doctor", "find what is missing and the command that mends it", EPILOG, run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; exit code 1 if something needed is missing."""
    checks = list(all_checks())
    healthy = all(check.state != "missing" for check in checks)
    if arguments.json:
        print_json({"ok": healthy, "checks": [asdict(check) for check in checks]})
    else:
        _print(checks)
    return 0 if healthy else 1


def _print(checks: list[Check]) -> None:
    rows = [(check.name, check.state, check.detail, check.mend) for check in checks]
    print_table(("what", "state", "found", "mend with"), rows)
    counts = {state: sum(c.state == state for c in checks) for state in ("ok", "warn", "missing")}
    print("\n" + ", ".join(f"{count} {state}" for state, count in counts.items()))

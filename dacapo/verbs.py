"""What all verbs share: their parser and the arguments that mean the same everywhere."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Verbs: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
    Arguments: TypeAlias = argparse._ActionsContainer
else:
    Verbs = Arguments = object

DEFAULT_RIG = "leap_rail_49"


def add_verb(
    verbs: Verbs,
    name: str,
    summary: str,
    epilog: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    """Adds a verb with its one page of help and `--json`."""
    parser = verbs.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.set_defaults(run=run)
    return parser


def add_rig_argument(parser: argparse.ArgumentParser) -> None:
    """Adds `--rig`."""
    parser.add_argument(
        "--rig",
        default=DEFAULT_RIG,
        metavar="NAME|FILE",
        help="a rig of `dacapo rigs` or a YAML file (default: %(default)s)",
    )


def add_policy_argument(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Adds `--policy`; without a default, the zoo plays what it has and the planner the rest."""
    parser.add_argument(
        "--policy",
        default=default,
        metavar="BUNDLE|zoo|planner",
        help="who plays: a policy bundle, the zoo of trained policies, or the planner "
        f"(default: {default or 'the zoo if it has this song, else the planner'})",
    )


def add_params_argument(parser: Arguments) -> None:
    """Adds `--params`."""
    parser.add_argument(
        "--params",
        type=Path,
        metavar="FILE",
        help="physics parameters, YAML (default: the rig's nominal ones)",
    )


def add_world_argument(parser: Arguments, use: str) -> None:
    """Adds `--world`; `use` says what for."""
    parser.add_argument(
        "--world",
        metavar="NAME|FILE",
        help=f"{use}: the true physics, an example or a YAML file (docs/worlds.md)",
    )


def positive_int(text: str) -> int:
    """Parses a whole number of at least 1; argparse turns the error into bad usage."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not '{text}'")
    return int(text)


def positive_float(text: str) -> float:
    """Parses a number above 0; argparse turns the error into bad usage."""
    number = _float(text)
    if not 0.0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, not '{text}'")
    return number


def seed(text: str) -> int:
    """Parses a whole number that random generators take."""
    if not text.isdecimal() or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f"must be a whole number below 2^31, not '{text}'")
    return int(text)


def width(text: str) -> float:
    """Parses a number of 0 or more."""
    number = _float(text)
    if not 0.0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"must be 0 or more, not '{text}'")
    return number


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan

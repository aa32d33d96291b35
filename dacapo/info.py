"""`dacapo info`: versions, places and the commit, for a bug report."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

from dacapo.checks import ROOT
from dacapo.output import print_json, print_table
from dacapo.verbs import Verbs, add_verb

EPILOG = """\
examples:
  dacapo info                         paste it into a bug report
  dacapo info --json
"""

PACKAGES = ("dacapo", "mujoco", "numpy", "scipy", "dm_control", "mido", "mir_eval", "mcap")


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    add_verb(verbs, "info", "print versions, paths and the git commit", EPILOG, run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    versions, paths = _versions(), _paths()
    if arguments.json:
        print_json({"versions": versions, "paths": paths})
    else:
        print_table(("what", "value"), [*versions.items(), *paths.items()])
    return 0


def _versions() -> dict[str, str]:
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "ros": os.environ.get("ROS_DISTRO", "wheels"),
    } | {name: _version(name) for name in PACKAGES}


def _paths() -> dict[str, str]:
    return {
        "project": str(ROOT),
        "environment": sys.prefix,
        "runs": str(Path("runs").absolute()),
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    """The commit of the checkout, with `-dirty` for uncommitted changes."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return result.stdout.strip() or "unknown"

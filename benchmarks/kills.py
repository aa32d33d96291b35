"""Kill a small loop ten times at random moments, and compare it with one that nothing happened to.

    python -m benchmarks.kills               # ten minutes

The loop is that of the tests (``tests.calibration.tiny_loop``), with two songs: every part is the
real one, in small, what it is compared with included. Prints a line for each kill; fails when the
summaries differ, or a recording or a finished trial is gone.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cells import ROOT

KILLS = 10


def start(folder: Path) -> subprocess.Popen[str]:
    """A process that runs the loop in a folder."""
    around = folder.parent
    songs = [str(around / name) for name in ("up.mid", "higher.mid")]
    arguments = [str(folder), str(around / "compiled"), "virtual", *songs]
    command = [sys.executable, "-m", "tests.calibration.tiny_loop", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def summary(folder: Path) -> dict[str, Any]:
    """Of a loop that runs to its end."""
    process = start(folder)
    told, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"the loop in {folder} failed")
    facts: dict[str, Any] = json.loads(told)
    return facts


def recordings(folder: Path) -> set[Path]:
    """Of the performances that are finished."""
    return set(folder.glob("**/plays/*/[!.]*/recording"))


def trials(folder: Path) -> int:
    """Finished ones of all studies."""
    return sum(path.read_bytes().count(b'"state":1') for path in folder.glob("*/fit/*.study"))


def main() -> None:
    """Kill, and compare."""
    draws = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as scratch:
        began_s = time.monotonic()
        whole = summary(Path(scratch) / "whole")
        took_s = time.monotonic() - began_s
        folder, before, tried = Path(scratch) / "killed", set[Path](), 0
        for kill in range(1, KILLS + 1):
            process = start(folder)
            time.sleep(draws.uniform(0.05, 0.22) * took_s)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kept, count = recordings(folder), trials(folder)
            print(f"kill {kill}: {len(kept)} recordings, {count} finished trials", flush=True)
            if not before <= kept:
                raise SystemExit(f"lost: {sorted(map(str, before - kept))}")
            if count < tried:
                raise SystemExit(f"lost: {tried - count} trials")
            if process.returncode != -signal.SIGKILL:
                raise SystemExit(f"the loop ended before kill {kill}: kill it sooner")
            before, tried = kept, count
        if summary(folder) != whole:
            raise SystemExit("the killed loop came to another summary")
    print(f"after {KILLS} kills the same summary, and no recording or trial lost")


if __name__ == "__main__":
    main()

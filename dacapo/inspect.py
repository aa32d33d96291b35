"""`dacapo inspect`: what a recording holds, where it comes from, and whether to trust it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.output import print_json, print_table, remark
from dacapo.verbs import Verbs, add_verb

if TYPE_CHECKING:
    from calibration.recordings import Recording

EPILOG = """\
examples:
  dacapo inspect runs/20250131-204500-ode_to_joy
  dacapo inspect my_recording --json

A recording is the folder with metadata.yaml, or the run's folder around it. One that was never
finished is repaired into a new one beside it first.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    summary = "show what a recording holds and whether it can be trusted"
    parser = add_verb(verbs, "inspect", summary, EPILOG, run)
    parser.add_argument("recording", type=Path, metavar="RECORDING")


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    recording = open_recording(arguments.recording)
    if arguments.json:
        from calibration.recordings import recording_summary

        print_json(recording_summary(recording))
    else:
        _print(recording)
    return 0


def open_recording(path: Path) -> Recording:
    """Reads a recording, and says so if it had to be repaired first.

    Raises:
        RecordingError: it cannot be read.
    """
    from calibration.recordings import read_recording

    recording = read_recording(path)
    if "incomplete" in recording.notes and recording.folder not in (path, path / "recording"):
        remark(f"{path} was never finished: what is whole of it is in {recording.folder}")
    return recording


def _print(recording: Recording) -> None:
    from calibration.recordings import find_problems, stream_summaries

    rows = [
        (s.topic, s.messages, _number(s.rate_hz, ".1f"), _number(s.longest_gap_ms, ".0f"))
        for s in stream_summaries(recording)
    ]
    print_table(("topic", "messages", "per second", "longest gap, ms"), rows)
    origin = recording.provenance
    facts = {
        "length": f"{recording.duration_s:.1f} s",
        "mode": origin.mode,
        "rig": origin.rig,
        "device": origin.device,
        "song": origin.song,
        "policy": origin.policy,
        "policy hash": origin.policy_hash[:12],
        "frame F1": f"{recording.performance.frame.f1:.3f}" if recording.performance else "",
        "versions": ", ".join(f"{name} {text}" for name, text in origin.versions.items()),
    }
    print()
    print_table(("recording", str(recording.folder)), [row for row in facts.items() if row[1]])
    print()
    problems = find_problems(recording)
    for problem in problems:
        print(f"not to be trusted: {problem.message}")
    if not problems:
        print("valid: calibration may learn from it")


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)

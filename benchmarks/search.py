"""Measure trajectory search on the four songs, both rigs, three seeds.

    python benchmarks/search.py --budget-s 25 --out runs/benchmarks/search.json

Prints the table of docs/learning.md. The file is rewritten after every search, and searches it
already holds are not repeated: stop and start again as you like; delete it to measure afresh.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from statistics import mean
from typing import TypedDict

from policies import make_plan
from policies.search import Polished, polish
from score import load_song, make_goals, write_whole
from sim import build_model, load_rig

RIGS = ("leap_rail_49", "allegro_slide_49")
SONGS = ("are_you_sleeping", "happy_birthday", "ode_to_joy", "twinkle_twinkle_little_star")
SEEDS = (0, 1, 2)


class Row(TypedDict):
    """One search; F1 of the plan before and after, on time and 10 ms late."""

    plan_f1: float
    plan_f1_late_10ms: float
    frame_f1: float
    frame_f1_late_10ms: float
    rounds: int
    wall_s: float
    seconds_to_99: float | None


def search(rig: str, song: str, seed: int, budget_s: float) -> Row:
    """Polish one song with one seed."""
    model = build_model(load_rig(rig))
    keyboard = model.rig.keyboard
    goals = make_goals(load_song(song), keyboard.lowest_pitch, keyboard.n_keys)
    steps: list[Polished] = []
    last = polish(make_plan(goals, model), goals, model, budget_s, seed, progress=steps.append)
    return {
        "plan_f1": steps[0].frame_f1,
        "plan_f1_late_10ms": steps[0].frame_f1_late,
        "frame_f1": last.frame_f1,
        "frame_f1_late_10ms": last.frame_f1_late,
        "rounds": last.rounds,
        "wall_s": last.wall_s,
        "seconds_to_99": next((step.wall_s for step in steps if step.frame_f1 >= 0.99), None),
    }


def table(rows: dict[str, Row]) -> Iterator[str]:
    """A Markdown table: means over seeds, the worst seed in brackets."""
    yield "| rig | song | plan (10 ms late) | polished [worst] | 10 ms late [worst] | s to 0.99 |"
    yield "|---|---|---|---|---|---|"
    for rig, song in product(RIGS, SONGS):
        of = [row for name, row in rows.items() if name.startswith(f"{rig}/{song}/")]
        if not of:
            continue
        plan, late = of[0]["plan_f1"], of[0]["plan_f1_late_10ms"]
        seconds = [s for row in of if (s := row["seconds_to_99"]) is not None]
        slowest = f"{max(seconds):.1f}" if len(seconds) == len(of) else "not reached"
        yield (
            f"| {rig} | {song} | {plan:.3f} ({late:.3f}) | {_spread(of, 'frame_f1')} "
            f"| {_spread(of, 'frame_f1_late_10ms')} | {slowest} |"
        )


def _spread(rows: list[Row], field: str) -> str:
    values = [float(row[field]) for row in rows]  # type: ignore[literal-required]
    return f"{mean(values):.4f} [{min(values):.4f}]"


def main() -> None:
    """Parse the command line and measure what is not measured yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--budget-s", type=float, default=25.0)
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/search.json"))
    parser.add_argument("--rig", choices=RIGS, action="append", help="default: both")
    parser.add_argument("--song", choices=SONGS, action="append", help="default: all four")
    parser.add_argument("--seed", type=int, action="append", help="default: 0 1 2")
    arguments = parser.parse_args()
    rows: dict[str, Row] = {}
    if arguments.out.is_file():
        rows = json.loads(arguments.out.read_text())
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    todo = product(arguments.rig or RIGS, arguments.song or SONGS, arguments.seed or SEEDS)
    for rig, song, seed in todo:
        name = f"{rig}/{song}/{seed}"
        if name not in rows:
            rows[name] = search(rig, song, seed, arguments.budget_s)
            write_whole(arguments.out, json.dumps(rows, indent=2).encode())
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()

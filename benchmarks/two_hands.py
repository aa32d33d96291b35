"""Measure two hands: chorales planned from their notes alone, and RoboPianist's Twinkle.

    python -m benchmarks.two_hands chorales                    # the first 50, about an hour
    python -m benchmarks.two_hands chorales --count 8
    python -m benchmarks.two_hands twinkle --midi twinkle-twinkle-trimmed.mid
    python -m benchmarks.two_hands report                      # only write the page again

The MIDI file is the one in RoboPianist's package, ``robopianist/music/data/rousseau/``. Every cell
is one song on one rig, kept in ``benchmarks/results/two_hands/``; stop and start again as you like.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks.cells import KEPT, ROOT, fill, kept, table
from policies.evaluation import evaluate
from policies.imitation.split import CORPUS_SPLIT, read_split
from policies.planner.pair import make_pair_plan
from score import Goals, load_song, make_goals
from score.corpus import chorale_names
from score.difficulty import Difficulty, difficulty
from score.robopianist import load_goals
from sim.pair import PAIRS, load_pair
from sim.pair.playable import build_playable_pair

PAGE = ROOT / "docs" / "two_hands.md"
CORPUS_PAGE = ROOT / "docs" / "corpus.md"
CELLS = KEPT / "two_hands"
STRETCH = 1.25
"""Of Twinkle, as in RP1M."""


def planned(goals: Goals, rig: str) -> dict[str, Any]:
    """What a plan scores when it is played afresh, and how long it took to make."""
    model = build_playable_pair(load_pair(rig))
    began_s, busy_s = time.monotonic(), time.process_time()
    planned = make_pair_plan(goals, model)
    wall_s, cpu_s = time.monotonic() - began_s, time.process_time() - busy_s
    scores = evaluate(planned.plan, model, goals, 1)
    return {
        "song": goals.name,
        "control_steps": goals.n_steps,
        "notes": len(goals.presses),
        "notes_left_out": len(planned.left_out),
        "frame_f1": scores.frame_f1,
        "note_f1_50ms": scores.note_f1_50ms,
        "pedal_f1": scores.pedal_f1,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
    }


def measure_chorales(count: int, rigs: Sequence[str]) -> None:
    """The first chorales by BWV number, tempo as written, none skipped."""
    for rig in rigs:
        for name in chorale_names(count):
            path = CELLS / "chorales" / f"{rig}-{name.removeprefix('bach/')}.json"
            kept(path, partial(planned, make_goals(load_song(name), 21, 88), rig))


def measure_twinkle(midi: Path) -> None:
    """RoboPianist's Twinkle by its own rules."""
    goals = load_goals(midi, stretch=STRETCH)
    for rig in PAIRS:
        kept(CELLS / "twinkle" / f"{rig}.json", partial(planned, goals, rig))


def cells(part: str, rig: str) -> list[dict[str, Any]]:
    """What is kept of a part on a rig."""
    paths = sorted((CELLS / part).glob(f"{rig}*.json"))
    names = (
        [rig]
        if part == "twinkle"
        else [f"{rig}-{n.removeprefix('bach/')}" for n in chorale_names()]
    )
    return [kept(path, dict) for path in paths if path.stem in names]


def rows() -> Iterator[list[str]]:
    """A row a part and rig."""
    for part in ("twinkle", "chorales"):
        for rig in PAIRS:
            if not (found := cells(part, rig)):
                continue
            f1 = np.array([cell["frame_f1"] for cell in found])
            yield [
                part,
                f"`{rig}`",
                str(len(found)),
                f"{f1.mean():.4f}"
                + (f" ({f1.min():.3f} to {f1.max():.3f})" if len(f1) > 1 else ""),
                f"{(f1 > 0.75).mean():.0%}",
                f"{np.mean([cell['note_f1_50ms'] for cell in found]):.3f}",
                f"{np.mean([cell['pedal_f1'] for cell in found]):.3f}",
                f"{np.mean([cell['cpu_s'] for cell in found]):.0f}",
                f"{np.max([cell['cpu_s'] for cell in found]):.0f}",
            ]


def against_difficulty() -> Iterator[list[str]]:
    """How the chorales' frame F1 goes with each figure of difficulty, as rank correlations."""
    found = cells("chorales", PAIRS[0])
    names = [cell["song"].replace("_", "/", 1) for cell in found]
    hard = [difficulty(make_goals(load_song(name), 21, 88)) for name in names]
    figures = {name: [getattr(of, name) for of in hard] for name in Difficulty.__slots__}
    limits = Difficulty(**read_split(CORPUS_SPLIT).easy_at_most.model_dump())
    figures["as one number"] = [of.relative_to(limits) for of in hard]
    f1 = [cell["frame_f1"] for cell in found]
    for name, values in figures.items():
        told = spearmanr(values, f1)
        span = f"{min(values):.2f} to {max(values):.2f}"
        chance = f"{told.pvalue:.3f}" if told.pvalue >= 0.001 else "< 0.001"
        yield [name, span, f"{told.statistic:.2f}", chance]


def report() -> None:
    """Write the pages' tables from what is kept."""
    columns = ["", "rig", "songs", "frame F1, mean (range)", "songs above 0.75", "note F1"]
    columns += ["pedal F1", "planned in, mean [s]", "longest [s]"]
    fill("two_hands", table(columns, rows()), PAGE)
    columns = ["figure", "range in these songs", "rank correlation with frame F1", "p"]
    fill("difficulty", table(columns, against_difficulty()), CORPUS_PAGE)


def main() -> None:
    """Measure what is chosen and not kept yet, then write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("part", choices=("chorales", "twinkle", "report"))
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--rig", choices=PAIRS, action="append", help="default: five fingers")
    parser.add_argument("--midi", type=Path)
    arguments = parser.parse_args()
    if arguments.part == "chorales":
        measure_chorales(arguments.count, arguments.rig or PAIRS[:1])
    elif arguments.part == "twinkle":
        if arguments.midi is None:
            parser.error("twinkle needs --midi")
        measure_twinkle(arguments.midi)
    report()


if __name__ == "__main__":
    main()

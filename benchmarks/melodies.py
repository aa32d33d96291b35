"""Measure melodies that nobody tuned anything for: drawn by a rule, planned, then trained.

    python -m benchmarks.melodies                      # plans of 20 melodies, 5 of them trained
    python -m benchmarks.melodies --train 0            # plans only, a minute

A melody has 24 notes within two octaves, a random walk on a random minor or major scale (so black
keys come), quarters and eighths at 100 to 140 beats a minute, an octave's leap now and then, and a
third or a fourth struck together now and then. A melody with notes that the hand cannot reach, as
the planner says before anything moves, is counted and drawn again. Kept in
``benchmarks/results/melodies/``: stop and start again as you like.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cells import (
    KEPT,
    RIGS,
    ROOT,
    RUNS,
    dacapo,
    fill,
    kept,
    play_on_draws,
    spread,
    table,
)
from policies import make_plan
from policies.errors import PolicyError
from score import Note, Score, load_song, make_goals, write_midi
from sim import RigModel, build_model, load_rig

MELODIES, NOTES, LOWEST, HIGHEST = 20, 24, 55, 79
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))
BUDGET_S = 170.0


def melody(rng: np.random.Generator, name: str) -> Score:
    """One melody, as the rule of this file says."""
    root, scale = rng.integers(12), SCALES[rng.integers(len(SCALES))]
    pitches = [p for p in range(LOWEST, HIGHEST + 1) if (p - root) % 12 in scale]
    beat_s = 60.0 / rng.uniform(100.0, 140.0)
    place, time_s = len(pitches) // 2, 0.0
    notes: list[Note] = []
    for _ in range(NOTES):
        leap = rng.choice([-7, 7]) if rng.random() < 0.08 else rng.integers(-2, 3)
        place = int(np.clip(place + leap, 0, len(pitches) - 1))
        length_s = beat_s * rng.choice([0.5, 1.0], p=[0.3, 0.7])
        struck = [place]
        if rng.random() < 0.1 and length_s == beat_s:
            struck.append(place + int(rng.integers(2, 4)))
        notes += [
            Note(pitches[p], time_s, time_s + length_s, 80) for p in struck if p < len(pitches)
        ]
        time_s += length_s
    return Score(name, tuple(sorted(notes, key=lambda note: (note.start_s, note.pitch))), ())


def playable(model: RigModel, index: int) -> tuple[Path, int]:
    """A melody's file, and how many were drawn before it that the hand cannot reach."""
    keyboard, name = model.rig.keyboard, f"melody_{index}"
    path = RUNS / "melodies" / model.rig.name / f"{name}.mid"
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([20_005, index])
    for refused in range(1000):
        write_midi(melody(rng, name), path)
        goals = make_goals(load_song(str(path)), keyboard.lowest_pitch, keyboard.n_keys)
        try:
            make_plan(goals, model)
        except PolicyError:
            continue
        return path, refused
    raise SystemExit(f"no playable melody {index}")


def measure(rig: str, index: int, train: bool) -> dict[str, Any]:
    """Plan a melody, or train on it."""
    path, refused = playable(build_model(load_rig(rig)), index)
    song = str(path.relative_to(ROOT))
    policy = "planner"
    if train:
        out = str((RUNS / "train" / "melodies").relative_to(ROOT))
        arguments = ("--rig", rig, "--budget-s", str(BUDGET_S), "--out", out)
        printed, process_s = dacapo("train", song, *arguments)
        policy = printed[song]["bundle"]
    else:
        process_s = 0.0
    scores, evaluation_s = dacapo("evaluate", song, "--rig", rig, "--policy", policy)
    return {
        "refused": refused,
        "process_s": process_s or evaluation_s,
        **scores["songs"][song],
        "draws": play_on_draws(policy, rig, str(path)),
    }


def row(rig: str, method: str) -> list[str]:
    """One line of the table."""
    cells = [kept(path, dict) for path in sorted((KEPT / "melodies" / method / rig).glob("*.json"))]
    return [
        rig,
        method,
        str(len(cells)),
        str(sum(cell["refused"] for cell in cells)),
        f"{max(cell['process_s'] for cell in cells):.0f}",
        spread([cell["frame_f1"] for cell in cells]),
        spread([cell["note_f1_50ms"] for cell in cells]),
        spread([float(np.mean(cell["draws"])) for cell in cells]),
    ]


def main() -> None:
    """Measure what is not kept yet, then write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rig", choices=RIGS, default=RIGS[0])
    parser.add_argument("--train", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--melody", type=int, action="append", help="default: all")
    arguments = parser.parse_args()
    for method, count in (("planner", MELODIES), ("residual-ppo", arguments.train)):
        for index in arguments.melody or range(count):
            path = KEPT / "melodies" / method / arguments.rig / f"{index:02d}.json"
            kept(path, lambda i=index, m=method: measure(arguments.rig, i, m != "planner"))  # type: ignore[misc]
    columns = ["rig", "method", "melodies", "refused before them", "s (slowest)", "frame F1"]
    columns += ["note F1 50 ms", "frame F1 on held-out draws"]
    methods = [m for m in ("planner", "residual-ppo") if (KEPT / "melodies" / m).is_dir()]
    fill("melodies", table(columns, [row(arguments.rig, method) for method in methods]))


if __name__ == "__main__":
    main()

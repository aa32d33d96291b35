"""Measure what residual DroQ learns on one wrong rig within 12.5 minutes of robot time.

    python -m benchmarks.adaptation                    # four songs, two errors, three seeds
    python -m benchmarks.adaptation --song ode_to_joy --seed 0

The plan is made for the nominal simulator; the learner acts in one that is wrong in one way (a row
of ``benchmarks.robustness``) and corrects the plan there: 14,976 control steps, exams not counted.
Kept in ``benchmarks/results/adaptation/``: stop and start again as you like.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from benchmarks.cells import KEPT, RIGS, RUNS, SONGS, fill, kept, load, spread, table
from benchmarks.robustness import wrong_parameters
from policies import load_policy, make_plan
from policies.evaluation import evaluate
from policies.learning.task import Task
from policies.learning.train import train
from sim import PhysicsParameters, build_model

ERRORS = ("actuator stiffness x0.7", "keyboard 3 mm higher")
SEEDS = range(3)
ALGORITHM = "residual-droq"
EPISODES = 10


def measure(rig: str, song: str, error: str, seed: int) -> dict[str, Any]:
    """Adapt a plan to a wrong rig and play the bundle there."""
    model, goals = load(rig, song)
    center = PhysicsParameters.nominal(model.rig)
    wrong = wrong_parameters(center, error, np.random.default_rng(seed))
    plan = make_plan(goals, model)
    there = wrong.apply(build_model(model.rig))
    task = Task(goals, wrong, ALGORITHM, randomise=0.0, plan=plan, budget_s=1000.0, seed=seed)
    folder = RUNS / "adaptation" / f"{rig}-{song}-{error.replace(' ', '_')}-{seed}"
    trained = train(task, folder)
    adapted = load_policy(str(trained.bundle), there, goals)
    return {
        "plan": evaluate(plan, there, goals, EPISODES, seed=1).to_dict(),
        "adapted": evaluate(adapted, there, goals, EPISODES, seed=1).to_dict(),
        "steps": trained.steps,
        "wall_s": trained.wall_s,
    }


def lines() -> Iterator[list[str]]:
    """The lines of the table."""
    for rig, error, song in product(RIGS, ERRORS, SONGS):
        folder = KEPT / "adaptation" / rig / error.replace(" ", "_")
        cells = [kept(path, dict) for path in sorted(folder.glob(f"{song}-*.json"))]
        if not cells:
            continue
        yield [
            rig,
            error,
            song,
            str(len(cells)),
            f"{max(cell['steps'] for cell in cells) / 1000:.1f}",
            f"{max(cell['wall_s'] for cell in cells):.0f}",
            f"{cells[0]['plan']['frame_f1']:.4f}",
            spread([cell["adapted"]["frame_f1"] for cell in cells]),
            spread([cell["adapted"]["note_f1_50ms"] for cell in cells]),
        ]


def main() -> None:
    """Measure what is chosen and not kept yet, then write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rig", choices=RIGS, default=RIGS[0])
    parser.add_argument("--song", action="append", help="default: the four songs")
    parser.add_argument("--seed", type=int, action="append")
    arguments = parser.parse_args()
    rig = arguments.rig
    for seed, song, error in product(arguments.seed or SEEDS, arguments.song or SONGS, ERRORS):
        path = KEPT / "adaptation" / rig / error.replace(" ", "_") / f"{song}-{seed}.json"
        kept(path, lambda of=(rig, song, error, seed): measure(*of))  # type: ignore[misc]
    columns = ["rig", "error", "song", "seeds", "1000 steps (most)", "s (slowest)", "plan"]
    columns += ["frame F1", "note F1 50 ms"]
    fill("adaptation", table(columns, lines()))


if __name__ == "__main__":
    main()

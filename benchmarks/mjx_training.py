"""Residual PPO in MJX: its speed and what it comes to, for a table in docs/mjx.md.

``python -m benchmarks.mjx_training --envs 256 2048 --budget-s 120``, about three minutes a number
of environments; what is in ``benchmarks/results/mjx_training/`` is not trained again.
"""

from __future__ import annotations

import argparse
from typing import Any

import jax
import numpy as np

from benchmarks.cells import KEPT, ROOT, RUNS, curve, fill, kept, table
from policies import make_plan
from policies.evaluation import evaluate
from policies.learning.task import Task
from policies.learning.train import train
from score import load_song, make_goals
from sim import PhysicsParameters, build_playable, load_any_rig
from sim.device import DeviceMemoryError

RIG, SONG = "shadow_pair_88", "twinkle_twinkle_little_star"
EPISODES = 5
RESULTS, PAGE = KEPT / "mjx_training", ROOT / "docs" / "mjx.md"


def main() -> None:
    """Train what is missing and fill the page's table with all that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--song", default=SONG)
    parser.add_argument("--envs", type=int, nargs="+", required=True)
    parser.add_argument("--budget-s", type=float, required=True)
    arguments = parser.parse_args()
    device = jax.devices()[0].device_kind.lower().replace(" ", "-")
    for n_envs in arguments.envs:
        name = f"{arguments.song}-{n_envs}-{arguments.budget_s:g}"
        kept(
            RESULTS / device / f"{name}.json",
            lambda n_envs=n_envs, name=name: cell(  # type: ignore[misc]
                arguments.song, n_envs, arguments.budget_s, name
            ),
        )
    fill("training", trainings(), PAGE)


def cell(song: str, n_envs: int, budget_s: float, name: str) -> dict[str, Any]:
    """One training, in this process; too little memory for it is a result too."""
    rig, rates = load_any_rig(RIG), list[float]()
    model = build_playable(rig)
    goals = make_goals(load_song(song), model.keyboard.lowest_pitch, model.n_keys)
    plan = evaluate(make_plan(goals, model), model, goals, EPISODES)
    result = {"song": song, "n_envs": n_envs, "budget_s": budget_s, "plan": plan.to_dict()}
    task = Task(
        goals,
        PhysicsParameters.nominal(rig),
        budget_s=budget_s,
        simulator="mjx",
        n_envs=n_envs,
    )
    try:
        trained = train(task, RUNS / "mjx" / name, lambda p: rates.append(p.steps_per_s))
    except DeviceMemoryError as error:
        return result | {"error": str(error)}
    return result | {
        "steps": trained.steps,
        "wall_s": trained.wall_s,
        "iteration_steps_per_s": rates,
        "scores": trained.scores.to_dict(),
        "exams": curve(str(trained.bundle)),
    }


def trainings() -> str:
    """A row for every training that was ever measured."""
    cells = [kept(path, dict) for path in sorted(RESULTS.glob("*/*.json"))]
    cells.sort(key=lambda c: (c["device"], c["song"], c["n_envs"]))
    columns = (
        "device",
        "song",
        "environments",
        "1000 steps",
        "s",
        "steps/s, playing and learning",
        "steps/s, exams and all",
        "frame F1 of the plan",
        "trained",
    )
    return table(columns, [_row(c) for c in cells])


def _row(cell: dict[str, Any]) -> tuple[str, ...]:
    first = (cell["device"], cell["song"], f"{cell['n_envs']:,}")
    plan = f"{cell['plan']['frame_f1']:.4f}"
    if "error" in cell:
        return (*first, "not enough memory", "", "", "", plan, "")
    rates = cell["iteration_steps_per_s"]
    return (
        *first,
        f"{cell['steps'] / 1000:.1f}",
        f"{cell['wall_s']:.0f}",
        f"{np.median(rates):,.0f}",
        f"{cell['steps'] / cell['wall_s']:,.0f}",
        plan,
        f"{cell['scores']['frame_f1']:.4f}",
    )


if __name__ == "__main__":
    main()

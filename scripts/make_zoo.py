"""Train the policies that come with the project, check them afresh and describe them.

    python scripts/make_zoo.py                                  # all of them, about an hour
    python scripts/make_zoo.py --rig leap_rail_49 --song ode_to_joy --budget-s 30
    python scripts/make_zoo.py --measure-only                   # play what lies there once more

Every library song on ``leap_rail_49`` and the four paper songs on ``allegro_slide_49``, with
residual PPO and randomised physics. A bundle goes to ``policies/zoo/<rig>/<song>.npz``; then
the file is played afresh, in the nominal simulator and on draws of the physics that no training
saw, and ``docs/zoo.md`` is written from what was measured. Stop and start again as you like: runs
are taken up where they were, and what is measured already is not measured again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

import numpy as np

from policies import Policy, load_policy
from policies.evaluation import evaluate
from policies.learning.loop import Progress
from policies.learning.task import Task
from policies.learning.train import train
from policies.library import zoo_path
from score import Goals, load_song, make_goals, song_names, write_whole
from sim import PhysicsParameters, Randomisation, RigModel, build_model, load_rig

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "runs" / "zoo"
PAGE = ROOT / "docs" / "zoo.md"
FOUR_SONGS = ("are_you_sleeping", "happy_birthday", "ode_to_joy", "twinkle_twinkle_little_star")
SONGS = {"leap_rail_49": song_names(), "allegro_slide_49": FOUR_SONGS}
MAX_BYTES = 1_000_000
EPISODES = 20
HELD_OUT_SEED, HELD_OUT_DRAWS = 20_001, 16

HEADER = """\
# The zoo

Policies that come with the project, made by `make zoo`; `dacapo play` uses them by default. This
page is written by `scripts/make_zoo.py` from what it measured: each bundle, as it lies in
`policies/zoo/`, played {episodes} times in the nominal simulator (as `dacapo evaluate --policy zoo
--episodes {episodes} --seed 1` does), and once on each of {draws} draws of the physics that no
training saw (of the width it was trained with; mean and worst). The plan is the planner's on the
same draws.

"""
COLUMNS = (
    "rig",
    "song",
    "frame F1 [95 %]",
    "note F1 50 ms",
    "wrong keys",
    "on draws, mean (worst)",
    "plan on draws",
    "width",
    "steps",
    "s",
    "kB",
)


class Measured(TypedDict):
    """One bundle of the zoo, played afresh."""

    sha256: str
    bytes: int
    frame_f1: float
    interval: tuple[float, float]
    note_f1_50ms: float
    wrong_keys: float
    draws: list[float]
    plan_draws: list[float]
    randomise: float


class Row(Measured):
    """The same, with what it took to make it."""

    steps: int
    wall_s: float


def make(rig: str, song: str, arguments: argparse.Namespace, rows: dict[str, Row]) -> None:
    """Train one policy, put it into the zoo and measure it."""
    model, goals = stage(rig, song)
    width, physics = arguments.randomise, PhysicsParameters.nominal(model.rig)
    task = Task(goals, physics, randomise=width, budget_s=arguments.budget_s, seed=arguments.seed)
    folder = RUNS / f"{rig}-{song}-{width:g}-{arguments.seed}"
    trained = train(task, folder, Report(rig, song))
    content = trained.bundle.read_bytes()
    if len(content) > MAX_BYTES:
        raise SystemExit(f"{trained.bundle} has {len(content)} bytes, more than {MAX_BYTES}")
    path = zoo_path(rig, song)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    known = rows.get(f"{rig}/{song}")
    if known is None or known["sha256"] != hashlib.sha256(content).hexdigest():
        measured = measure(model, goals, width)
        rows[f"{rig}/{song}"] = {**measured, "steps": trained.steps, "wall_s": trained.wall_s}


def measure_again(rig: str, song: str, rows: dict[str, Row]) -> None:
    """Play what lies in the zoo once more, in the simulator as it is now."""
    row = rows[f"{rig}/{song}"]
    measured = measure(*stage(rig, song), row["randomise"])
    rows[f"{rig}/{song}"] = {**measured, "steps": row["steps"], "wall_s": row["wall_s"]}


def stage(rig: str, song: str) -> tuple[RigModel, Goals]:
    """The nominal rig and the song on it."""
    model = build_model(load_rig(rig))
    keyboard = model.rig.keyboard
    return model, make_goals(load_song(song), keyboard.lowest_pitch, keyboard.n_keys)


def measure(model: RigModel, goals: Goals, width: float) -> Measured:
    """Play the zoo's bundle."""
    policy, plan = (load_policy(spec, model, goals) for spec in ("zoo", "planner"))
    scores = evaluate(policy, model, goals, EPISODES, seed=1)
    content = zoo_path(model.rig.name, goals.name).read_bytes()
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "frame_f1": scores.frame_f1,
        "interval": scores.frame_f1_interval,
        "note_f1_50ms": scores.note_f1_50ms,
        "wrong_keys": scores.wrong_keys,
        "draws": on_draws(policy, model, goals, width),
        "plan_draws": on_draws(plan, model, goals, width),
        "randomise": width,
    }


def on_draws(policy: Policy, model: RigModel, goals: Goals, width: float) -> list[float]:
    """Frame F1 on draws of the physics, the same for every policy; nobody knows their delay."""
    center = PhysicsParameters.nominal(model.rig)
    rng = np.random.default_rng(HELD_OUT_SEED)
    models = Randomisation.around(center, width).draw_models(HELD_OUT_DRAWS, rng)
    return [evaluate(policy, drawn, goals, 1, lead_s=0.0).frame_f1 for drawn in models]


class Report:
    """Progress of one training on standard error, every ten seconds."""

    def __init__(self, rig: str, song: str) -> None:
        self._name, self._next_s = f"{rig} {song}", time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Print a line if it is time."""
        if time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + 10.0
        print(
            f"{self._name}: {progress.steps} steps, best F1 {progress.frame_f1:.4f}, "
            f"{progress.left_s:.0f} s left",
            file=sys.stderr,
        )


def page(rows: dict[str, Row]) -> Iterator[str]:
    """The lines of docs/zoo.md."""
    yield HEADER.format(episodes=EPISODES, draws=HELD_OUT_DRAWS).rstrip("\n") + "\n"
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    for rig, songs in SONGS.items():
        for song in songs:
            if row := rows.get(f"{rig}/{song}"):
                yield line(rig, song, row)


def line(rig: str, song: str, row: Row) -> str:
    """One line of the table."""
    low, high = row["interval"]
    return (
        f"| {rig} | {song} | {row['frame_f1']:.4f} [{low:.4f}, {high:.4f}] "
        f"| {row['note_f1_50ms']:.3f} | {row['wrong_keys']:.1f} | {spread(row['draws'])} "
        f"| {spread(row['plan_draws'])} | {row['randomise']:g} | {row['steps']} "
        f"| {row['wall_s']:.0f} | {row['bytes'] / 1000:.0f} |"
    )


def spread(values: list[float]) -> str:
    """Mean, and worst in brackets."""
    return f"{np.mean(values):.3f} ({min(values):.3f})"


def main() -> None:
    """Make what is asked for, all of it by default."""
    parser = argparse.ArgumentParser(description="Train the policies that come with the project.")
    parser.add_argument("--rig", choices=tuple(SONGS), action="append", help="default: both")
    parser.add_argument("--song", choices=song_names(), action="append", help="default: all")
    parser.add_argument("--randomise", type=float, default=1.0, help="default: %(default)s")
    parser.add_argument("--budget-s", type=float, default=400.0, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--measure-only", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    results = RUNS / "results.json"
    results.parent.mkdir(parents=True, exist_ok=True)
    rows: dict[str, Row] = json.loads(results.read_text()) if results.is_file() else {}
    for rig in arguments.rig or SONGS:
        for song in SONGS[rig]:
            if not arguments.song or song in arguments.song:
                if arguments.measure_only:
                    measure_again(rig, song, rows)
                else:
                    make(rig, song, arguments, rows)
                write_whole(results, json.dumps(rows, indent=2).encode())
                write_whole(PAGE, ("\n".join(page(rows)) + "\n").encode())
                print(line(rig, song, rows[f"{rig}/{song}"]))


if __name__ == "__main__":
    main()

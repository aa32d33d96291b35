"""Measure what making a dataset costs: fills the table of docs/dataset.md.

    python -m benchmarks.dataset                # two songs, 8 rollouts of each chunk, one process
    python -m benchmarks.dataset --rollouts 50

The hands make the motions of the Twinkle performance that comes with RoboPianist (the one of the
tests), over and over, whatever the song: contacts and compression are those of playing, F1 means
nothing. Hours and bytes of 20 chunks of 500 rollouts are what one rollout took, multiplied.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies.dataset import Built, OpenLoop, Settings, build, open_store, open_workers
from policies.dataset.card import store_bytes
from score import Goals
from sim.pair import build_pair, load_pair

RIG = "shadow_pair_88"
SONGS = ("twinkle_twinkle_little_star", "fuer_elise")
PERFORMANCE = Path(__file__).parents[1] / "tests" / "data" / "two_hands" / "rollout.npz"
WANTED = 20 * 500


def motions(goals: Goals, rig: str, given: Path | None) -> OpenLoop:
    """The recorded performance, as long as the goals; servos the rig lacks are left out."""
    model = build_pair(load_pair(rig))
    names = model.action_names[:-1]
    with np.load(PERFORMANCE) as performance:
        servos = performance["servo_names"].tolist()
        moves = performance["ctrl"][:, [servos.index(name) for name in names]]
        targets = np.column_stack([moves, performance["sustain"]])
    rows = np.arange(goals.n_steps) % len(targets)
    chosen: NDArray[np.float64] = targets[rows]
    return OpenLoop(chosen, np.zeros(len(model.joint_names)))


def main() -> None:
    """Build, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rollouts", type=int, default=8)
    rollouts = parser.parse_args().rollouts
    settings = Settings(RIG, motions, None, rollouts, noise=0.01, stretch=1.25, seed=0)
    with tempfile.TemporaryDirectory() as folder, open_workers(1) as perform:
        path = Path(folder) / "dataset.zarr"
        built = build(path, list(SONGS), settings, perform, lambda status: None)
        store = open_store(path)
        steps = sum(chunk.n_steps for chunk in store.chunks()) * rollouts
        _print(built, steps, store_bytes(store))


def _print(built: Built, steps: int, size: int) -> None:
    playing_s = built.wall_s - built.writing_s
    print("| what | figure |\n|---|---|")
    print(f"| rollouts | {built.made}, of {steps / built.made:.0f} control steps on average |")
    print(f"| control steps/s, playing, one process | {steps / playing_s:.0f} |")
    print(f"| writing, share of playing | {100 * built.writing_s / playing_s:.2f} % |")
    print(f"| bytes a rollout | {size / built.made:.0f} |")
    hours, gigabytes = built.wall_s / built.made * WANTED / 3600, size / built.made * WANTED / 1e9
    print(
        f"| {WANTED} such rollouts, one process, extrapolated | {hours:.1f} h, {gigabytes:.2f} GB |"
    )


if __name__ == "__main__":
    main()

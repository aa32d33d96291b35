"""Measure what making a dataset costs, in time and in F1: fills the tables of docs/dataset.md.

    python -m benchmarks.dataset                # two songs, 20 rollouts of each chunk, one process
    python -m benchmarks.dataset --rollouts 50
    python -m benchmarks.dataset --planner      # the planner plays, two other songs
    python -m benchmarks.dataset --noise        # F1 by --noise

Without --planner the hands make the motions of the Twinkle performance that comes with RoboPianist
(the one of the tests), over and over, whatever the song: contacts and compression are those of
playing, F1 means nothing. Hours and bytes of 20 chunks of 500 rollouts are what one rollout took,
multiplied, and what getting a player ready for a chunk took.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies.dataset import (
    Built,
    Chunk,
    MakePlayer,
    OpenLoop,
    Order,
    Player,
    Settings,
    build,
    choose_player,
    load_chunks,
    open_store,
    open_workers,
    play,
)
from policies.dataset.card import store_bytes
from score import Goals
from sim.pair import build_pair, load_pair

RIG, STRETCH, NOISE = "shadow_pair_88", 1.25, 0.02
SONGS = ("twinkle_twinkle_little_star", "fuer_elise")
PLANNED = ("bach/bwv373", "ode_to_joy")
NOISY = ("bach/bwv373", "bach/bwv26.6", "ode_to_joy")
NOISES = (0.0, 0.005, 0.01, 0.02, 0.04)
PERFORMANCE = Path(__file__).parents[1] / "tests" / "data" / "two_hands" / "rollout.npz"
CHUNKS, ROLLOUTS = 20, 500


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
    """Measure, print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rollouts", type=int, default=20)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--planner", action="store_true")
    what.add_argument("--noise", action="store_true")
    arguments = parser.parse_args()
    if arguments.noise:
        print_noise(arguments.rollouts)
    elif arguments.planner:
        print_cost(PLANNED, choose_player, arguments.rollouts)
    else:
        print_cost(SONGS, motions, arguments.rollouts)


def print_noise(rollouts: int) -> None:
    """Mean frame F1 of the first ten rollouts at most, by song and ``--noise``."""
    print(f"| song | {' | '.join(f'{noise:g}' for noise in NOISES)} |")
    print("|---|" + "---|" * len(NOISES))
    for song in NOISY:
        chunk = load_chunks([song], STRETCH)[0]
        player = choose_player(chunk.goals, RIG, None)
        means = [_mean_f1(chunk, player, noise, rollouts) for noise in NOISES]
        print(f"| {song} | {' | '.join(f'{f1:.3f}' for f1 in means)} |", flush=True)


def _mean_f1(chunk: Chunk, player: Player, noise: float, rollouts: int) -> float:
    def same(goals: Goals, rig: str, given: Path | None) -> Player:
        return player  # whatever the noise, so that it thinks only once

    order = Order(chunk.goals, chunk.digest, RIG, None, same, rollouts if noise else 1, noise, 0)
    return float(np.mean([rollout.f1 for rollout in play(order, 0).values()]))


def print_cost(songs: Sequence[str], make_player: MakePlayer, rollouts: int) -> None:
    """Time and bytes of a dataset."""
    ready_s: list[float] = []

    def timed(goals: Goals, rig: str, given: Path | None) -> Player:
        begun_s = time.monotonic()
        player = make_player(goals, rig, given)
        ready_s.append(time.monotonic() - begun_s)
        return player

    settings = Settings(RIG, timed, None, rollouts, NOISE, STRETCH, seed=0)
    with tempfile.TemporaryDirectory() as folder, open_workers(1) as perform:
        path = Path(folder) / "dataset.zarr"
        built = build(path, list(songs), settings, perform, lambda status: None)
        store = open_store(path)
        steps = sum(chunk.n_steps for chunk in store.chunks()) * rollouts
        _print(built, steps, store_bytes(store), float(np.mean(ready_s)))


def _print(built: Built, steps: int, size: int, ready_s: float) -> None:
    playing_s = built.wall_s - built.writing_s - built.chunks * ready_s
    rollout_s = (playing_s + built.writing_s) / built.made
    print("| what | figure |\n|---|---|")
    print(f"| rollouts | {built.made}, of {steps / built.made:.0f} control steps on average |")
    print(f"| getting ready for a chunk, in each worker | {ready_s:.1f} s |")
    print(f"| control steps/s, playing, one process | {steps / playing_s:.0f} |")
    print(f"| writing, share of playing | {100 * built.writing_s / playing_s:.2f} % |")
    print(f"| bytes a rollout | {size / built.made:.0f} |")
    hours = (CHUNKS * ready_s + CHUNKS * ROLLOUTS * rollout_s) / 3600
    gigabytes = size / built.made * CHUNKS * ROLLOUTS / 1e9
    what = f"{CHUNKS} chunks of {ROLLOUTS} such rollouts, one process, extrapolated"
    print(f"| {what} | {hours:.1f} h, {gigabytes:.2f} GB |")


if __name__ == "__main__":
    main()

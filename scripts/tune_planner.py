"""Tune the planner's timing and height parameters for a rig with CMA-ES.

    python scripts/tune_planner.py leap_rail_49 --budget-s 600

All parameters of ``PlanParameters`` but the room for links move together; the objective is the mean
of 0.8 frame F1 + 0.2 note F1 (50 ms) over all library songs, played 10 ms late so that plans keep
a margin for a real rig's delays, and the four songs at double tempo, all in the nominal simulator.
The best set is written to ``policies/planner/tuned/<rig>.yaml`` whenever it gets better, and taken
up again as the starting point by the next call.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from cmaes import CMA
from numpy.typing import NDArray

from policies import PlanParameters, PolicyError, make_plan
from policies.planner import load_parameters
from score import (
    Goals,
    frame_scores,
    load_song,
    make_goals,
    note_f1,
    notes_of_events,
    roll_of_events,
    song_names,
)
from sim import Rig, RigModel, Simulator, build_model, load_rig

MARGIN_S = 0.01
FOUR_SONGS = ("are_you_sleeping", "happy_birthday", "ode_to_joy", "twinkle_twinkle_little_star")
TUNED = Path(__file__).parents[1] / "policies" / "planner" / "tuned"

RANGES: dict[str, tuple[float, float]] = {
    "strike_x_white_m": (0.020, 0.055),
    "strike_x_black_m": (-0.010, 0.012),
    "pitch_white_rad": (1.1, 1.9),
    "pitch_black_rad": (0.6, 1.7),
    "depth": (0.55, 0.95),
    "hover_m": (0.006, 0.025),
    "ready_m": (-0.001, 0.006),
    "lift_m": (0.0, 0.015),
    "hop_m": (-0.006, 0.008),
    "ready_steps": (1, 5),
    "approach_steps": (3, 12),
    "rise_steps": (0, 5),
    "hop_steps": (1, 3),
    "hop_share": (0.0, 1.0),
    "hop_depth": (0.6, 1.1),
    "lead_gain": (0.7, 1.8),
    "force_gain": (0.3, 2.0),
    "friction_gain": (0.0, 2.0),
    "lean_cost": (0.05, 1.0),
    "same_finger_cost": (1.0, 30.0),
    "substitution_cost": (0.0, 15.0),
}


def decode(point: NDArray[np.float64], start: PlanParameters) -> PlanParameters:
    """Parameters from the unit cube; what is not tuned stays as it was at the start."""
    whole = {field.name for field in fields(PlanParameters) if isinstance(field.default, int)}
    values: dict[str, Any] = {}
    for (name, (low, high)), x in zip(RANGES.items(), np.clip(point, 0, 1), strict=True):
        value = low + float(x) * (high - low)
        values[name] = round(value) if name in whole else round(value, 5)
    return replace(start, **values)


def encode(parameters: PlanParameters) -> NDArray[np.float64]:
    """The unit-cube point of parameters."""
    values = asdict(parameters)
    return np.array([(values[name] - low) / (high - low) for name, (low, high) in RANGES.items()])


def play(goals: Goals, model: RigModel, parameters: PlanParameters) -> float:
    """Objective of one planned song."""
    try:
        plan = make_plan(goals, model, parameters)
    except PolicyError:
        return 0.0
    simulator = Simulator(model)
    simulator.reset(plan.start)
    events = [event for targets in plan.targets for event in simulator.advance(targets)]
    played = roll_of_events(events, goals.n_steps, goals.n_keys)
    notes = notes_of_events(events, goals.lowest_pitch)
    return 0.8 * frame_scores(goals.keys, played).f1 + 0.2 * note_f1(goals.score.notes, notes, 0.05)


def tasks(rig: Rig) -> list[tuple[Goals, RigModel]]:
    """All library songs a little late, then the four songs at double tempo."""
    on_time = build_model(rig)
    late = replace(on_time, command_delay_s=MARGIN_S)
    scores = [(load_song(song), late) for song in song_names()]
    scores += [(load_song(song).stretched(0.5), on_time) for song in FOUR_SONGS]
    low, n_keys = rig.keyboard.lowest_pitch, rig.keyboard.n_keys
    return [(make_goals(score, low, n_keys), model) for score, model in scores]


def save(parameters: PlanParameters, rig: str, score: float) -> None:
    """Write the tuned file (temporary name, then rename)."""
    path = TUNED / f"{rig}.yaml"
    temporary = path.with_suffix(".tmp")
    header = f"# Found by scripts/tune_planner.py {rig}; its objective: {score:.4f}\n"
    header += "# Not tuned: link_gap_m, from the hand's collision boxes (docs/safety.md).\n"
    temporary.write_text(header + yaml.safe_dump(asdict(parameters), sort_keys=False))
    os.replace(temporary, path)


def tune(rig_name: str, budget_s: float, seed: int, sigma: float) -> None:
    """Search until the budget is used up, saving every improvement."""
    songs = tasks(load_rig(rig_name))
    optimizer = CMA(
        mean=np.clip(encode(load_parameters(rig_name)), 0.02, 0.98),
        sigma=sigma,
        bounds=np.tile([0.0, 1.0], (len(RANGES), 1)),
        seed=seed,
    )
    best, started = -1.0, time.monotonic()
    start = load_parameters(rig_name)
    while time.monotonic() - started < budget_s:
        told = []
        for _ in range(optimizer.population_size):
            point = optimizer.ask()
            parameters = start if best < 0 else decode(point, start)
            scores = [play(*song, parameters) for song in songs]
            told.append((point, -float(np.mean(scores))))
            if np.mean(scores) > best:
                best = float(np.mean(scores))
                save(parameters, rig_name, best)
                shown = " ".join(f"{score:.3f}" for score in scores)
                print(f"{time.monotonic() - started:6.0f} s  {best:.4f}  {shown}", flush=True)
        optimizer.tell(told)


def main() -> None:
    """Parse the command line and tune."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rig")
    parser.add_argument("--budget-s", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sigma", type=float, default=0.1, help="first spread, unit cube")
    arguments = parser.parse_args()
    tune(arguments.rig, arguments.budget_s, arguments.seed, arguments.sigma)


if __name__ == "__main__":
    main()

"""Make the picture at the top of the README: the planner playing in the nominal simulator.

python scripts/readme_picture.py
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from policies import load_policy
from score import CONTROL_STEP_S, Goals, load_song, make_goals, write_whole
from sim import Environment, RigModel, build_model, load_rig
from sim.rendering import render_pictures
from sim.replay import Replay

SIZE = (1280, 640)
SOFTNESS = 64


def main() -> None:
    """Play, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--song", default="ode_to_joy")
    parser.add_argument("--rig", default="leap_rail_49")
    parser.add_argument("--at-s", type=float, default=5.3, help="score time of the picture [s]")
    parser.add_argument("--out", type=Path, default=Path("docs/images/ode_to_joy.png"))
    arguments = parser.parse_args()
    model = build_model(load_rig(arguments.rig))
    keyboard = model.rig.keyboard
    goals = make_goals(load_song(arguments.song), keyboard.lowest_pitch, keyboard.n_keys)
    replay = play(model, goals)
    (png,) = render_pictures(model.rig, replay, [arguments.at_s], SIZE, SOFTNESS)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(arguments.out, png)
    print(f"{arguments.out}: {len(png) / 1e3:.0f} kB")


def play(model: RigModel, goals: Goals) -> Replay:
    """Play a song with the planner."""
    policy = load_policy("planner", model, goals)
    environment = Environment(model, goals, policy.start)
    step, positions = environment.reset(), []
    while not step.last():
        positions.append(step.observation["joint_positions"].copy())
        step = environment.step(policy(step.observation))
    times_s = CONTROL_STEP_S * np.arange(float(len(positions)))
    return Replay(goals, tuple(environment.events), times_s, np.array(positions))


if __name__ == "__main__":
    main()

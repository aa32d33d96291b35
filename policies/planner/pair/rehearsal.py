"""The song played once in the simulator: what the controller commands becomes the plan."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.controller import Controller
from score import Goals, KeyEvent, frame_scores, roll_of_events
from sim import PlayablePair, Simulator

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rehearsal:
    """What was commanded, reached and heard.

    Attributes:
        targets: of all joints in each step, shape ``(T, n)`` [rad, m for slides].
        references: where joints were at the end of each step, the start for the first; same shape.
        frame_f1: of what was heard.
    """

    targets: Floats
    references: Floats
    frame_f1: float


def rehearse(goals: Goals, model: PlayablePair, start: Floats, controller: Controller) -> Rehearsal:
    """Play a song from a posture of shape ``(n,)``, step by step, as who plays the plan will."""
    simulator = Simulator(model)
    simulator.reset(start)
    targets = np.empty((goals.n_steps, model.n_joints))
    references = np.empty_like(targets)
    events: list[KeyEvent] = []
    for step in range(goals.n_steps):
        mujoco.mj_kinematics(model.mj, simulator.data)  # tips as they are now
        targets[step, :-1] = controller(
            step,
            simulator.joint_positions[:-1],
            simulator.joint_velocities[:-1],
            simulator.fingertips,
            simulator.keys_down,
        )
        targets[step, -1] = goals.sustain[step]
        events += simulator.advance(targets[step])
        references[step] = simulator.joint_positions
    references[0] = start  # where whoever plays it begins
    heard = roll_of_events(events, goals.n_steps, goals.n_keys)
    within = np.clip(references, model.joint_low, model.joint_high)
    return Rehearsal(targets, within, frame_scores(goals.keys, heard).f1)

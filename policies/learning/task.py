"""What there is to train."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from policies.learning.environment import Reward
from policies.learning.simulators import Simulator
from policies.planner import Plan
from score import Goals
from sim import PhysicsParameters, Randomisation


@dataclass(frozen=True)
class Task:
    """What to train.

    Attributes:
        goals: the song.
        physics: the simulator's parameters.
        algorithm: a name of ``ALGORITHMS``.
        randomise: width of the randomisation around ``physics``; 0 for none, 1 for the default
            ranges, None for what the algorithm has.
        randomisation: other ranges, such as a calibration's; they win over ``randomise``.
        plan: the reference, if not the planner's (searched where that is not good).
        budget_s: wall-clock seconds, all sessions of a run together.
        total_steps: control steps, if not the algorithm's; the search for a reference is then
            counted in rounds. With a ``budget_s`` of infinity no clock shapes what is learned.
        warm_start: a bundle of the same song, rig and features that a PPO learner begins from.
        seed: of everything random.
        reward: which reward, if not the algorithm's own.
        fingering: whether the fingering term counts.
        starts_along_plan: whether the episodes of a residual learner start anywhere in the song.
        simulator: what it trains in; exams are MuJoCo's.
        n_envs: environments stepped together in MJX, if not as many as the algorithm has; steps of
            a whole training grow with them.
    """

    goals: Goals
    physics: PhysicsParameters
    algorithm: str = "residual-ppo"
    randomise: float | None = None
    randomisation: Randomisation | None = None
    plan: Plan | None = None
    budget_s: float = 60.0
    total_steps: int | None = None
    warm_start: Path | None = None
    seed: int = 0
    reward: Reward | None = None
    fingering: bool = True
    starts_along_plan: bool = True
    simulator: Simulator = "mujoco"
    n_envs: int | None = None

"""In which simulators a policy can be trained."""

from __future__ import annotations

from typing import Literal

from policies.learning.algorithms import Algorithm
from policies.learning.ppo_config import PpoConfig
from policies.learning.run_files import TrainingError
from sim import AnyRig
from sim.pair import PairRig

Simulator = Literal["mujoco", "mjx"]
"""MuJoCo on the processor, or MJX on a GPU (docs/mjx.md)."""


def check_mjx(rig: AnyRig, algorithm: Algorithm) -> tuple[PairRig, PpoConfig]:
    """The rig and the settings of PPO, if that can be trained in MJX.

    Raises:
        TrainingError: a rig of one hand, an algorithm that does not run there.
    """
    if not isinstance(rig, PairRig):
        raise TrainingError(f"{rig.name} has one hand: MJX is for rigs of two, leave it out")
    if not isinstance(algorithm.config, PpoConfig):
        raise TrainingError("only residual-ppo and ppo learn in MJX: choose one of them")
    return rig, algorithm.config

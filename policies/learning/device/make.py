"""A learner on a device, or why there is none."""

from __future__ import annotations

from policies.learning.algorithms import Algorithm
from policies.learning.device.environment import DeviceEnvironment
from policies.learning.device.ppo import DevicePpo
from policies.learning.run_files import TrainingError
from policies.learning.simulators import check_mjx
from policies.planner import Plan
from score import Goals
from sim import AnyRig
from sim.mjx import build_reduced_playable, room_for

NEAR_KEYS = 34
"""Room for keys near fingertips: one more ends a training, and BWV 373 as planned has 15 within
5 mm. The solver has 80 unknowns then instead of 64, which takes a sixth longer."""


def make_learner(
    rig: AnyRig,
    goals: Goals,
    plan: Plan,
    algorithm: Algorithm,
    *,
    fingering: bool,
    starts_along_plan: bool,
    seed: int,
) -> DevicePpo:
    """Environments and learner on JAX's first device.

    Args:
        rig: of two hands.
        goals: the song.
        plan: what is corrected.
        algorithm: which, with its settings.
        fingering: whether the fingering term counts.
        starts_along_plan: whether episodes start anywhere in the song.
        seed: of everything random.

    Raises:
        TrainingError: a rig of one hand, an algorithm that does not run there, a plan that leads a
            delay.
        DeviceMemoryError: so many environments do not fit.
    """
    two_hands, config = check_mjx(rig, algorithm)
    if plan.lateness_s:
        raise TrainingError(f"the plan leads {plan.lateness_s:g} s, MJX cannot: leave MJX out")
    with room_for(algorithm.n_envs):
        environment = DeviceEnvironment(
            build_reduced_playable(two_hands, max_near_keys=NEAR_KEYS),
            goals,
            plan,
            algorithm.n_envs,
            residual=algorithm.residual,
            reward=algorithm.reward,
            fingering=fingering,
            starts_along_plan=starts_along_plan,
            seed=seed,
        )
        return DevicePpo(environment, config, seed)

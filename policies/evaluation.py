"""Playing a song again and again in the simulator, and what the scores have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from policies.policy import Policy
from score import Goals, Performance, score_performance
from sim import RAIL, Environment, RigModel

START_SPREAD_RAD = 0.01
START_SPREAD_M = 0.0005
"""How far from its start posture an episode may find the hand."""

RESAMPLES = 2000


def episodes(
    policy: Policy, model: RigModel, goals: Goals, count: int, seed: int
) -> Iterator[Performance]:
    """Play a song several times, each time scored.

    The first episode starts in the policy's start posture; every other one as a real hand would,
    up to 0.01 rad and 0.5 mm off it, drawn from (``seed``, episode).

    Args:
        policy: who plays.
        model: the rig.
        goals: the song.
        count: number of episodes.
        seed: of the start postures.

    Yields:
        The performance of each episode, mode ``sim``.
    """
    for episode in range(count):
        environment = Environment(model, goals, _start(policy, episode, seed))
        step = environment.reset()
        while not step.last():
            step = environment.step(policy(step.observation))
        yield score_performance(
            goals,
            environment.events,
            rig=model.rig.name,
            mode="sim",
            policy=policy.name,
            seed=seed,
        )


def interval_of_mean(values: Sequence[float], seed: int) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean of ``values`` (percentile method, Efron 1979)."""
    drawn = np.random.default_rng(seed).choice(values, (RESAMPLES, len(values)))
    low, high = np.percentile(drawn.mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _start(policy: Policy, episode: int, seed: int) -> NDArray[np.float64]:
    if episode == 0:
        return policy.start
    spread = [START_SPREAD_M if name == RAIL else START_SPREAD_RAD for name in policy.joint_names]
    offset = np.random.default_rng((seed, episode)).uniform(-1.0, 1.0, len(spread))
    return policy.start + offset * spread

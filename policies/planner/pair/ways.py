"""Different ways to rehearse: the same rules with other numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from policies.planner.pair.parameters import PairPlanParameters, RehearsalParameters

_SEED = 0


def draw_ways(parameters: PairPlanParameters) -> list[PairPlanParameters]:
    """The parameters themselves and ``ways - 1`` others around them, the same ones every time.

    What the hands miss depends on hair's breadths, so none of them is better on the whole; where
    one misses a key, another one often does not.
    """
    rng = np.random.default_rng(_SEED)
    others = (_vary(parameters.rehearsal, rng) for _ in range(parameters.ways - 1))
    return [parameters, *(replace(parameters, rehearsal=rules) for rules in others)]


def _vary(rules: RehearsalParameters, rng: np.random.Generator) -> RehearsalParameters:
    across, wrist, finger = np.exp(rng.normal(0.0, (0.6, 0.6, 0.5)))
    return replace(
        rules,
        strike_sideways_m=rng.uniform(0.005, 0.010),
        across_m=rules.across_m * across,
        wrist_rad=rules.wrist_rad * wrist,
        finger_rad=rules.finger_rad * finger,
        strike_deeper_m=rng.uniform(0.0, 0.008),
        servo_gain=rng.uniform(0.75, 1.15),
        forearm_gain=rng.uniform(0.5, 2.0),
        lift_m=rng.uniform(0.003, 0.009),
        tip_gain=rng.uniform(0.5, 1.1),
    )

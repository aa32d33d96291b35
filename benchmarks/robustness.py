"""Measure what one wrong physics parameter costs a plan and policies.

    python -m benchmarks.robustness                    # two rigs, four songs
    python -m benchmarks.robustness --rig leap_rail_49 --song ode_to_joy

The policies are the zoo's (``make zoo``: residual PPO, physics randomised). They play in simulators
that are wrong in one way each, which no training saw. What is random in a row (the signs of the
encoders' zero errors) is drawn from seeds of its own. Kept in ``benchmarks/results/robustness/``:
stop and start again as you like, and delete it after a new zoo.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from benchmarks.cells import KEPT, RIGS, SONGS, fill, kept, load, play_on, spread, table
from policies import load_policy
from sim import PhysicsParameters, RigModel, build_model

POLICIES = {"plan": "planner", "trained": "zoo"}
SIGNS = 4
SIGN_SEED = 20_003

ROWS: dict[str, dict[str, float]] = {
    "none": {},
    "joint friction x3": {"*finger_frictionloss_nm": 3.0, "*rail_friction_n": 3.0},
    "actuator stiffness x0.7": {
        "*finger_stiffness_nm_per_rad": 0.7,
        "*rail_stiffness_n_per_m": 0.7,
    },
    "key stiffness x2": {"*key_stiffness_nm_per_rad": 2.0},
    "keyboard 3 mm lower": {"keyboard_z_m": -0.003},
    "keyboard 3 mm higher": {"keyboard_z_m": 0.003},
    "encoder zero error 0.02 rad": {"joint_offset": 0.02},
    "one control step of delay": {"command_delay_s": 0.05},
    "all of them, half as large": {
        "*finger_frictionloss_nm": 3.0**0.5,
        "*rail_friction_n": 3.0**0.5,
        "*finger_stiffness_nm_per_rad": 0.7**0.5,
        "*rail_stiffness_n_per_m": 0.7**0.5,
        "*key_stiffness_nm_per_rad": 2.0**0.5,
        "keyboard_z_m": -0.0015,
        "joint_offset": 0.01,
        "command_delay_s": 0.025,
    },
}
"""Changes of the nominal values: factors where the name begins with a star."""

DELAY = "one control step of delay"


def wrong_models(model: RigModel, row: str) -> list[RigModel]:
    """The simulators of a row: several where signs are drawn."""
    center = PhysicsParameters.nominal(model.rig)
    rng = np.random.default_rng(SIGN_SEED)
    count = SIGNS if "joint_offset" in ROWS[row] else 1
    return [wrong_parameters(center, row, rng).apply(build_model(model.rig)) for _ in range(count)]


def wrong_parameters(
    center: PhysicsParameters, row: str, rng: np.random.Generator
) -> PhysicsParameters:
    """One simulator of a row; ``rng`` draws signs where a row has them."""
    return center.with_values(**_values(center, ROWS[row], rng))


def _values(
    center: PhysicsParameters, changes: dict[str, float], rng: np.random.Generator
) -> dict[str, float]:
    values: dict[str, float] = {}
    for name, change in changes.items():
        if name == "joint_offset":
            fingers = [f"joint_offset:{joint}" for joint in center.hand_rig.joint_names[1:]]
            signs = rng.choice([-1.0, 1.0], len(fingers))
            values |= {finger: change * sign for finger, sign in zip(fingers, signs, strict=True)}
        elif name.startswith("*"):
            values[name[1:]] = center.values[name[1:]] * change
        else:
            values[name] = center.values[name] + change
    return values


def measure(rig: str, song: str, policy: str) -> dict[str, Any]:
    """Play in every row's simulators."""
    model, goals = load(rig, song)
    player = load_policy(policy, model, goals)
    return {"rows": {row: play_on(player, wrong_models(model, row), goals) for row in ROWS}}


def scores(name: str, row: str) -> list[float]:
    """Mean frame F1 in a row of every kept cell of a policy."""
    folder = KEPT / "robustness" / name
    cells = [kept(path, dict) for path in sorted(folder.rglob("*.json"))]
    return [float(np.mean(cell["rows"][row])) for cell in cells]


def lines() -> Iterator[list[str]]:
    """The lines of the table, then the means that the rows are judged by."""
    names = [name for name in POLICIES if scores(name, "none")]
    for row in ROWS:
        yield [row, *(spread(scores(name, row)) if name in names else "" for name in POLICIES)]
    errors = [row for row in ROWS if row not in ("none", DELAY)]
    means = {name: np.mean([scores(name, row) for row in errors]) for name in names}
    yield [
        "mean of the errors, without the delay",
        *(f"{means[name]:.4f}" if name in names else "" for name in POLICIES),
    ]


def main() -> None:
    """Measure what is chosen and not kept yet, then write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rig", choices=RIGS, action="append")
    parser.add_argument("--song", action="append", help="default: the four songs")
    parser.add_argument("--policy", choices=tuple(POLICIES), action="append")
    arguments = parser.parse_args()
    chosen = arguments.rig or RIGS, arguments.song or SONGS, arguments.policy or POLICIES
    for rig, song, name in product(*chosen):
        path = KEPT / "robustness" / name / rig / f"{song}.json"
        kept(path, partial(measure, rig, song, POLICIES[name]))
    fill("robustness", table(["error of the simulator", *POLICIES], lines()))


if __name__ == "__main__":
    main()

"""Control steps a second of the two hands in MJX, for the table in docs/mjx.md.

``python -m benchmarks.mjx --impl warp --batch 1024 2048 4096 8192``; what is in
``benchmarks/results/mjx/`` is not measured again.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.cells import KEPT, ROOT, fill, kept, table
from score.robopianist import load_goals
from sim.device import DeviceMemoryError
from sim.mjx import (
    IMPLEMENTATIONS,
    Implementation,
    MjxEnvironment,
    State,
    build_reduced,
    room_for,
)
from sim.pair import load_pair

RIG, SONG = "shadow_pair_88", "twinkle_twinkle_little_star"
STEPS, ROUNDS = 20, 3
"""Control steps of one compiled call, and how many calls are timed after the first."""

RESULTS, PAGE = KEPT / "mjx", ROOT / "docs" / "mjx.md"


def main() -> None:
    """Measure what is missing and fill the page's table with all that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--impl", choices=IMPLEMENTATIONS, required=True)
    parser.add_argument("--batch", type=int, nargs="+", required=True)
    arguments = parser.parse_args()
    device = jax.devices()[0].device_kind.lower().replace(" ", "-")
    for n_envs in arguments.batch:
        path = RESULTS / device / f"{arguments.impl}-{n_envs}.json"
        kept(path, lambda n_envs=n_envs: cell(arguments.impl, n_envs))  # type: ignore[misc]
    fill("speed", speeds(), PAGE)


def cell(implementation: Implementation, n_envs: int) -> dict[str, Any]:
    """One batch size; a device without enough memory for it is a result too."""
    result = {"implementation": implementation, "n_envs": n_envs}
    try:
        with room_for(n_envs):
            return result | _measure(implementation, n_envs)
    except DeviceMemoryError as error:
        return result | {"error": str(error)}


def _measure(implementation: Implementation, n_envs: int) -> dict[str, Any]:
    model = build_reduced(load_pair(RIG))
    environment = MjxEnvironment(model, load_goals(SONG), implementation, n_envs)
    keys = jax.random.split(jax.random.key(0), n_envs)
    started_s = time.monotonic()
    state = _finished(jax.jit(jax.vmap(environment.reset))(keys))
    play = jax.jit(lambda state, key: _random_walk(environment, state, key)).lower(
        state, jax.random.key(1)
    )
    compiled = play.compile()
    state, _ = _finished(compiled(state, jax.random.key(1)))  # Warp compiles here
    compile_s, rates = time.monotonic() - started_s, []
    for turn in range(ROUNDS):
        started_s = time.monotonic()
        state, _ = _finished(compiled(state, jax.random.key(2 + turn)))
        rates.append(STEPS * n_envs / (time.monotonic() - started_s))
    environment.check(state)
    return {"compile_s": compile_s, "control_steps_per_s": rates}


def _finished(results: Any) -> Any:  # noqa: ANN401  # any tree of arrays
    """The same, once it is computed."""
    return jax.block_until_ready(results)  # type: ignore[no-untyped-call]  # JAX's own gap


def _random_walk(
    environment: MjxEnvironment, state: State, key: jax.Array
) -> tuple[State, jax.Array]:
    """Servos wander over their ranges, keys are struck; a sum keeps every output computed."""
    model = environment.model
    low, high = jnp.asarray(model.action_low), jnp.asarray(model.action_high)
    shape = (STEPS, environment.n_envs, environment.n_actions)
    drawn = jax.random.normal(key, shape).cumsum(axis=0) * 0.1 * (high - low)
    actions = jnp.clip(drawn, low, high).astype(state.pedal.dtype)

    def step(state: State, action: jax.Array) -> tuple[State, jax.Array]:
        state, observation, reward, _ = jax.vmap(environment.step)(state, action)
        return state, observation.sum() + reward.sum()

    return jax.lax.scan(step, state, actions)


def speeds() -> str:
    """A row for every batch size that was ever measured."""
    cells = [kept(path, dict) for path in sorted(RESULTS.glob("*/*.json"))]
    cells.sort(key=lambda c: (c["device"], c["implementation"], c["n_envs"]))
    columns = ("device", "implementation", "environments", "control steps/s", "compilation [s]")
    return table(columns, [_row(c) for c in cells])


def _row(cell: dict[str, Any]) -> tuple[str, ...]:
    first = (cell["device"], cell["implementation"], f"{cell['n_envs']:,}")
    if "error" in cell:
        return (*first, "not enough memory", "")
    rates = cell["control_steps_per_s"]
    rate = f"{sorted(rates)[len(rates) // 2]:,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"
    return (*first, rate, f"{cell['compile_s']:.0f}")


if __name__ == "__main__":
    main()

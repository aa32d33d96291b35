"""`dacapo bench sim --peer`: two hands beside RoboPianist, in one run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dacapo.peer import Peer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sim import BatchedEnvironment
    from sim.pair import PairEnvironment

RIG, SONG = "shadow_pair_88", "twinkle_twinkle_little_star"
STEPS = 1000
BATCH = 8
"""Environments on several threads; all make the same walk."""

WANDER = 0.03
"""Standard deviation of what an action moves in a step, as a share of its range."""


def measure_pair(peer: str | None, repeats: int, threads: int) -> dict[str, Any]:
    """Control steps per second of two hands, observations and rewards included.

    Args:
        peer: Python of an environment with RoboPianist, which takes turns with ours on the same
            actions, in one thread; None to leave it out.
        repeats: How often; one more goes before, to warm caches and threads.
        threads: Of a batch; the single environment has one.

    Raises:
        DaCapoError: The peer cannot be run.
    """
    from score.robopianist import load_goals
    from sim import BatchedEnvironment
    from sim.pair import PairEnvironment, build_pair, load_pair
    from sim.pair.playable import build_playable_pair

    rig, goals = load_pair(RIG), load_goals(SONG)
    single = PairEnvironment(build_pair(rig), goals)
    playable, actions = build_playable_pair(rig), _actions(single)
    batched = BatchedEnvironment(playable, goals, BATCH, actions[0], threads)
    turns: dict[str, Callable[[], float]] = {
        "single": lambda: _rate(single, actions),
        "batched": lambda: _rate_batched(batched, actions),
    }
    with ExitStack() as stack:
        if peer is not None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            turns["peer"] = stack.enter_context(Peer(peer, actions, folder)).rate
        rates = [{name: rate() for name, rate in turns.items()} for _ in range(repeats + 1)][1:]
    return _told(rates) | {"threads": threads, "batch": BATCH}


def _told(rates: list[dict[str, float]]) -> dict[str, Any]:
    """Medians and ranges of what was measured in turn, and how many times the peer's it was."""
    told: dict[str, Any] = {}
    for name in rates[0]:
        of = [turn[name] for turn in rates]
        told[f"{name}_steps_per_s"] = round(statistics.median(of))
        told[f"{name}_range"] = [round(min(of)), round(max(of))]
        if "peer" in rates[0] and name != "peer":
            ratios = [turn[name] / turn["peer"] for turn in rates]
            told[f"{name}_ratio"] = round(statistics.median(ratios), 2)
            told[f"{name}_ratio_range"] = [round(min(ratios), 2), round(max(ratios), 2)]
    return told


def _actions(environment: PairEnvironment) -> NDArray[np.float64]:
    """A random walk through all servos' ranges from rest, shape `(STEPS, n_actions)`."""
    import numpy as np

    spec, rng = environment.action_spec(), np.random.default_rng(0)
    steps = rng.normal(0.0, WANDER, (STEPS, *spec.shape)) * (spec.maximum - spec.minimum)
    actions = [np.zeros(spec.shape)]
    for step in steps[1:]:
        actions.append(np.clip(actions[-1] + step, spec.minimum, spec.maximum))
    return np.array(actions)


def _rate(environment: PairEnvironment, actions: NDArray[np.float64]) -> float:
    step, started_s = environment.reset(), time.perf_counter()
    for action in actions:
        step = environment.reset() if step.last() else environment.step(action)
    return len(actions) / (time.perf_counter() - started_s)


def _rate_batched(environment: BatchedEnvironment, actions: NDArray[np.float64]) -> float:
    import numpy as np

    n, everyone = environment.n, np.arange(environment.n)
    environment.reset(everyone)
    started_s = time.perf_counter()
    for action in actions:
        if environment.done.all():
            environment.reset(everyone)
        else:
            environment.step(np.tile(action, (n, 1)))
    return n * len(actions) / (time.perf_counter() - started_s)

"""`dacapo bench`: how fast the parts are on this machine."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dacapo.bench_bus import bench_bus
from dacapo.bench_calibration import bench_calibration
from dacapo.bench_midi import bench_midi
from dacapo.bench_peer import RIG, measure_pair
from dacapo.bench_policy import measure_call, measure_import, print_policies
from dacapo.inputs import load_goals, load_model
from dacapo.output import print_json, print_table
from dacapo.progress import LiveLine, bar
from dacapo.verbs import Verbs, add_verb, positive_float, positive_int

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from policies import Plan
    from sim import BatchedEnvironment, Environment

SONG = "ode_to_joy"
STEPS = 4000
BATCHED_STEPS = 25600
"""Control steps of one repeat; in a batch those of all environments together."""

NOISE_RAD = 0.02
"""Standard deviation of what is added to the planner's targets, as exploration does."""

EPILOG = f"""\
examples:
  dacapo bench sim                    control steps per second, every rig
  dacapo bench sim --json --repeats 9
  dacapo bench sim --peer peer/bin/python    two hands beside RoboPianist (docs/two_hands.md)
  dacapo bench policy                 time of a policy call and of the player's imports
  dacapo bench midi --events 100000   key events: when they are stamped, and whether all arrive
  dacapo bench bus --seconds 600      motors: whether the bus loop keeps 100 Hz
  dacapo bench bus --port /dev/ttyUSB0    the same with real motors; nothing moves
  dacapo bench calibration            trials of a calibration per second

sim: control steps (10 physics steps of 5 ms) per second with observation, reward and resets,
playing {SONG} by the planner's targets with noise: one environment in one thread, and a batch
on two threads. Median of the repeats, and their lowest and highest. Two hands make a random walk;
with --peer RoboPianist makes the same one in turn, in one thread.

policy: one call of the NumPy runtime while the simulated hand plays {SONG}, and the import of the
run-time path in a new process.

bus: writes the positions of all motors as their goals and reads their state, on the emulated rig
in a process of its own, then for a tenth of the time on a line that loses 1 % of the packets.

calibration: trials of a study per second, 30 s of recording replayed in each, journal included.

midi: from handing a key event to the MIDI system in one process to its stamp in another.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "bench", "measure how fast this machine is", EPILOG, run)
    parser.add_argument("part", choices=tuple(BENCHES), help="what to measure")
    parser.add_argument(
        "--peer", metavar="PYTHON", help="of sim: Python of an environment with RoboPianist"
    )
    parser.add_argument("--repeats", type=positive_int, default=5, help="default: %(default)s")
    parser.add_argument("--threads", type=positive_int, default=2, help="default: %(default)s")
    parser.add_argument(
        "--batch", type=positive_int, default=256, help="environments (default: %(default)s)"
    )
    parser.add_argument(
        "--events", type=positive_int, default=2000, help="of midi (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=positive_float, default=60.0, help="of bus (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=Path, metavar="DEVICE", help="of bus: real motors (default: emulated ones)"
    )
    parser.add_argument(
        "--rate-hz", type=positive_float, default=200.0, help="of midi (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    return BENCHES[arguments.part](arguments)


def _bench_policy(arguments: argparse.Namespace) -> int:
    results = _each_rig(lambda rig: measure_call(rig, arguments.repeats))
    imported = measure_import(arguments.repeats)
    if arguments.json:
        print_json({**results, **imported})
    else:
        print_policies(results, imported)
    return 0


def _bench_sim(arguments: argparse.Namespace) -> int:
    results = _each_rig(lambda rig: _measure(rig, arguments))
    pair = measure_pair(arguments.peer, arguments.repeats, arguments.threads)
    if arguments.json:
        print_json({**results, RIG: pair})
    else:
        _print(results, pair)
    return 0


def _each_rig(measure: Callable[[str], dict[str, Any]]) -> dict[str, dict[str, Any]]:
    from sim import rig_names

    names = rig_names()
    results = {}
    with LiveLine() as line:
        for done, name in enumerate(names):
            line.show(f"{bar(done / len(names))} {name}")
            results[name] = measure(name)
    return results


def _measure(rig: str, arguments: argparse.Namespace) -> dict[str, Any]:
    from policies import make_plan
    from sim import BatchedEnvironment, Environment

    model = load_model(rig, None)
    goals = load_goals(SONG, model)
    plan = make_plan(goals, model)
    single = Environment(model, goals, plan.start)
    batched = BatchedEnvironment(model, goals, arguments.batch, plan.start, arguments.threads)
    one, many = _actions(plan, 1)[:, 0], _actions(plan, arguments.batch)
    single_rates = _rates(lambda: _play(single, one), arguments.repeats)
    batched_rates = _rates(lambda: _play_batched(batched, many), arguments.repeats)
    return {
        "single_steps_per_s": round(statistics.median(single_rates)),
        "single_range": [round(min(single_rates)), round(max(single_rates))],
        "batched_steps_per_s": round(statistics.median(batched_rates)),
        "batched_range": [round(min(batched_rates)), round(max(batched_rates))],
        "threads": arguments.threads,
        "batch": arguments.batch,
    }


def _rates(play: Callable[[], int], repeats: int) -> list[float]:
    """Steps per second of each repeat; one more goes before, to warm caches and threads."""
    play()
    rates = []
    for _ in range(repeats):
        started_s = time.perf_counter()
        steps = play()
        rates.append(steps / (time.perf_counter() - started_s))
    return rates


def _play(environment: Environment, actions: NDArray[np.float64]) -> int:
    for step in range(STEPS):
        if step % len(actions) == 0:
            environment.reset()
        environment.step(actions[step % len(actions)])
    return STEPS


def _play_batched(environment: BatchedEnvironment, actions: NDArray[np.float64]) -> int:
    import numpy as np

    rounds = max(BATCHED_STEPS // environment.n, 1)
    for step in range(rounds):
        if step % len(actions) == 0:
            environment.reset(np.arange(environment.n))
        environment.step(actions[step % len(actions)])
    return rounds * environment.n


def _actions(plan: Plan, batch: int) -> NDArray[np.float64]:
    """The plan with noise, shape `(n_steps, batch, n)`; made before the clock runs."""
    import numpy as np

    n_steps, n = plan.targets.shape
    noise = np.random.default_rng(0).normal(0.0, NOISE_RAD, (n_steps, batch, n))
    noise[..., 0] *= 0.05  # the rail moves by metres: 1 mm
    return plan.targets[:, None] + noise


def _print(results: dict[str, dict[str, Any]], pair: dict[str, Any]) -> None:
    fields = ("single_steps_per_s", "single_range", "batched_steps_per_s", "batched_range")
    rows = [(rig, *(result[field] for field in fields)) for rig, result in results.items()]
    rows.append((RIG, *(pair[field] for field in fields)))
    print_table(("rig", "single steps/s", "range", "batched steps/s", "range"), rows)
    if "peer_steps_per_s" in pair:
        times = [
            f"{pair[f'{name}_ratio']} ({' to '.join(map(str, pair[f'{name}_ratio_range']))})"
            for name in ("single", "batched")
        ]
        print(f"RoboPianist: {pair['peer_steps_per_s']}; {RIG} makes", end=" ")
        print(f"{times[0]} times as many, on {pair['threads']} threads {times[1]}")


BENCHES = {
    "sim": _bench_sim,
    "policy": _bench_policy,
    "midi": bench_midi,
    "bus": bench_bus,
    "calibration": bench_calibration,
}

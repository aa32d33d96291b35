"""`dacapo bench policy`: what playing a bundle costs beside the control loop's 50 ms."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import Any

from dacapo.inputs import load_goals, load_model
from dacapo.output import print_table

SONG = "ode_to_joy"

_IMPORT = """\
import sys, time
started_s = time.perf_counter()
import policies, policies.performer
print(time.perf_counter() - started_s, "jax" in sys.modules)
"""


def measure_call(rig: str, repeats: int) -> dict[str, Any]:
    """Time of a policy call [ms] while the simulated hand plays the song ``repeats`` times.

    On the clock, which on a busy machine measures the others too, and on the processor. The policy
    is the zoo's; when it has none, an untrained one of the same size.
    """
    import numpy as np

    from policies import choose_policy, load_policy, make_plan
    from policies.bundle import BundlePolicy, untrained_bundle
    from sim import Environment

    model = load_model(rig, None)
    goals = load_goals(SONG, model)
    spec, _ = choose_policy(model, goals)
    if spec == "zoo":
        policy = load_policy(spec, model, goals)
    else:
        bundle = untrained_bundle(model, goals, make_plan(goals, model))
        policy = BundlePolicy(bundle, "untrained")
    environment = Environment(model, goals, policy.start)
    times_s = []
    for _ in range(repeats):
        step = environment.reset()
        while not step.last():
            started_s = time.perf_counter(), time.thread_time()
            targets = policy(step.observation)
            times_s.append((time.perf_counter() - started_s[0], time.thread_time() - started_s[1]))
            step = environment.step(targets)
    p50, p99 = 1000.0 * np.percentile(times_s, [50, 99], axis=0)
    return {
        "policy": policy.name,
        "call_ms_p50": round(float(p50[0]), 4),
        "call_ms_p99": round(float(p99[0]), 4),
        "call_cpu_ms_p99": round(float(p99[1]), 4),
    }


def measure_import(repeats: int) -> dict[str, Any]:
    """Median time to import all that the player needs of the core [s], each in a new process."""
    command = [sys.executable, "-c", _IMPORT]
    times_s, jax = [], False
    for _ in range(repeats):
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        times_s.append(float(answer[0]))
        jax = jax or answer[1] == "True"
    return {"import_s": statistics.median(times_s), "jax_imported": jax}


def print_policies(results: dict[str, dict[str, Any]], imported: dict[str, Any]) -> None:
    """Prints the results as a table and a line."""
    fields = ("call_ms_p50", "call_ms_p99", "call_cpu_ms_p99")
    rows = [
        (rig, result["policy"], *(f"{result[field]:.3f}" for field in fields))
        for rig, result in results.items()
    ]
    print_table(("rig", "policy", "call ms p50", "p99", "p99 on the processor"), rows)
    jax = "with" if imported["jax_imported"] else "without"
    print(f"\nimport of the run-time path: {imported['import_s']:.2f} s, {jax} JAX")

"""Steps RoboPianist, for `dacapo bench sim --peer`; runs in an environment of its own.

    python peer_robopianist.py ACTIONS.npy

Prints a line when it is ready; then, for each line that it reads, the control steps per second of
one pass over the actions, observations and rewards included. Nothing of Da Capo is imported here.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from robopianist import suite

TASK = {
    "trim_silence": True,
    "gravity_compensation": True,
    "primitive_fingertip_collisions": True,
    "reduced_action_space": True,
    "n_steps_lookahead": 10,
    "control_timestep": 0.05,
}


def main() -> None:
    """Measure whenever asked."""
    actions = np.load(sys.argv[1], allow_pickle=False)
    environment = suite.load("RoboPianist-debug-TwinkleTwinkleRousseau-v0", task_kwargs=TASK)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        step, started_s = environment.reset(), time.perf_counter()
        for action in actions:
            step = environment.reset() if step.last() else environment.step(action)
        sys.stdout.write(f"{len(actions) / (time.perf_counter() - started_s)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

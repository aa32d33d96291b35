"""`dacapo bench sim --peer`: two hands beside RoboPianist, in one run."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sim.pair import PairEnvironment

RIG, SONG = "shadow_pair_88", "twinkle_twinkle_little_star"
STEPS = 1000
WANDER = 0.03
"""Standard deviation of what an action moves in a step, as a share of its range."""


def measure_pair(peer: str | None, repeats: int) -> dict[str, Any]:
    """Control steps per second of two hands, observations and rewards included, in one thread.

    Args:
        peer: Python of an environment with RoboPianist, which takes turns with ours on the same
            actions; None to leave it out.
        repeats: How often.

    Raises:
        DaCapoError: The peer cannot be run.
    """
    from score.robopianist import load_goals
    from sim.pair import PairEnvironment, build_pair, load_pair

    environment = PairEnvironment(build_pair(load_pair(RIG)), load_goals(SONG))
    actions = _actions(environment)
    if peer is None:
        return _told([_rate(environment, actions) for _ in range(repeats)])
    with tempfile.TemporaryDirectory() as folder, _Peer(peer, actions, Path(folder)) as other:
        pairs = [(_rate(environment, actions), other.rate()) for _ in range(repeats + 1)][1:]
    ours, theirs = zip(*pairs, strict=True)
    ratios = [our / their for our, their in pairs]
    return {**_told(ours), "peer_steps_per_s": round(statistics.median(theirs))} | {
        "ratio": round(statistics.median(ratios), 2),
        "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
    }


def _told(rates: list[float] | tuple[float, ...]) -> dict[str, Any]:
    return {
        "single_steps_per_s": round(statistics.median(rates)),
        "single_range": [round(min(rates)), round(max(rates))],
    }


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


class _Peer:
    """RoboPianist in a process of its own."""

    def __init__(self, python: str, actions: NDArray[np.float64], folder: Path) -> None:
        import numpy as np

        self._python, self._file = python, folder / "actions.npy"
        np.save(self._file, actions)

    def __enter__(self) -> _Peer:
        script = Path(__file__).with_name("peer_robopianist.py")
        command = [self._python, "-P", str(script), str(self._file)]  # -P: our files are not its
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        try:
            self._process = subprocess.Popen(command, text=True, stderr=subprocess.DEVNULL, **pipes)
        except OSError as error:
            from score.errors import DaCapoError

            raise DaCapoError(f"cannot run {self._python}: {error.strerror}") from error
        self._line()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def rate(self) -> float:
        """Its control steps per second."""
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            from score.errors import DaCapoError

            raise DaCapoError(
                f"{self._python} cannot step RoboPianist: install it as docs/two_hands.md says"
            )
        return line

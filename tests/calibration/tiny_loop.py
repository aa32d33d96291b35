"""The whole loop in small: two notes, a network of a few units, a study of a few trials.

    python -m tests.calibration.tiny_loop FOLDER CACHE virtual|emulated SONG.mid...

Every part is the real one; only their sizes are not. (Several songs are trained in processes of
their own, which know nothing of that: there networks are of their usual size.) Prints the summary
without what depends on the clock and on the place of the folder.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax

import calibration.study.divisions
import calibration.study.fit
import policies.learning.assembly
import policies.learning.train
from calibration.loop import Effort, Setup, iterate, virtual_place
from dacapo.rehearse import emulated_place
from policies.learning.algorithms import ALGORITHMS
from policies.learning.ppo_config import PpoConfig
from score import Note, Score, write_midi
from sim import build_model, load_rig

RIG, WORLD = "leap_rail_49", "slow-line"
TINY = PpoConfig(n_envs=4, horizon=4, epochs=1, minibatches=2, widths=(8, 6))
EFFORT = Effort(training_steps=48, retraining_steps=32, trials=16, episodes=2, finals=1)
FITTED = ("command_delay_s", "state_delay_s", "keyboard_z_m")

TIMES = ("wall_s", "versions", "file")


def shrink(cache: str) -> None:
    """Make the parts small, and compilation quick."""
    settings: dict[str, object] = {
        "jax_compilation_cache_dir": cache,
        "jax_persistent_cache_min_compile_time_secs": 0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
        "jax_disable_most_optimizations": True,
    }
    for name, value in settings.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]  # JAX's own gap
    whole = ALGORITHMS["residual-ppo"]
    ALGORITHMS["residual-ppo"] = replace(whole, config=TINY, n_envs=TINY.n_envs, exam_every=3)
    policies.learning.assembly.EXAM_DRAWS = 2
    policies.learning.train.EVALUATION_EPISODES = 1
    for most in ("MOTION", "VALLEY", "DIVISION", "BOTTOM"):
        setattr(calibration.study.fit, most, 1)
    calibration.study.divisions._COARSE, calibration.study.divisions._HALVINGS = 2, 0


def timeless(facts: Any) -> Any:  # noqa: ANN401  # JSON
    """The same without what the clock made."""
    if isinstance(facts, dict):
        return {name: timeless(of) for name, of in facts.items() if name not in TIMES}
    return [timeless(of) for of in facts] if isinstance(facts, list) else facts


def setup(songs: list[str], mode: str) -> Setup:
    """Of a loop over songs of two notes, which are written where they are missing."""
    for index, song in enumerate(map(Path, songs)):
        notes = (Note(60 + index, 0.0, 0.4), Note(64 + index, 0.5, 0.9))
        if not song.is_file():
            write_midi(Score(song.stem, notes, ()), song)
    virtual = virtual_place(WORLD, build_model(load_rig(RIG)))
    place = virtual if mode == "virtual" else emulated_place(WORLD, RIG)
    baselines = mode == "virtual"  # in real time, a performance takes 24 s
    return Setup.of(songs, RIG, place, rounds=1, fitted=FITTED, effort=EFFORT, baselines=baselines)


if __name__ == "__main__":
    folder, cache, mode, *songs = sys.argv[1:]
    shrink(cache)
    summary = iterate(setup(songs, mode), Path(folder), resume=True)
    sys.stdout.write(json.dumps(timeless(summary)))

"""Training as a whole: it keeps the best, stops in time and survives being killed."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray

from policies.learning.loop import LoopConfig, Progress, TrainingLoop
from policies.learning.networks import Layers, Normaliser
from policies.learning.run_files import RunFiles, TrainingError, read_dump
from tests.learning.small import (
    CONFIG,
    SETTINGS,
    exam,
    good_plan,
    loop,
)

ROOT = Path(__file__).resolve().parents[2]

KILLED = """\
import os, signal, sys
from pathlib import Path
import jax
for name, value in {settings!r}.items():
    jax.config.update(name, value)
from tests.learning.small import loop
def progress(now):
    if now.steps == 80:
        os.kill(os.getpid(), signal.SIGKILL)
loop(Path({folder!r})).run(progress)
"""


class Recital:
    """A learner that plays the plan well in one iteration, and wrongly before and after.

    Its reward only ever rises.
    """

    steps_per_iteration = 10
    squash: Literal["clip", "tanh"] = "clip"
    normaliser = Normaliser(jnp.zeros(2), jnp.ones(2))

    def __init__(self, good_at: int) -> None:
        self.good_at, self.state = good_at, {"iteration": np.zeros(1)}

    @property
    def iteration(self) -> int:
        return int(self.state["iteration"][0])

    def iterate(self) -> dict[str, float]:
        self.state = {"iteration": self.state["iteration"] + 1}
        return {"reward": 1.0 * self.iteration}

    def restart(self, seed: int) -> None:
        """Nothing is random."""

    def act(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        size = 0.0 if self.iteration == self.good_at else -0.8
        return np.full((len(features), 13), size, np.float32)

    def layers(self) -> Layers:
        array = np.full((2, 13), self.iteration, np.float32)
        return ((array, array[0]),)


def recital(folder: Path, good_at: int, *, budget_s: float = 100.0) -> TrainingLoop:
    files = RunFiles(folder, SETTINGS)
    schedule = LoopConfig(50, budget_s, 2, 0, time.monotonic())
    return TrainingLoop(Recital(good_at), exam(good_plan()), files, schedule)


def flat(layers: Layers) -> NDArray[np.float32]:
    return np.concatenate([array.ravel() for layer in layers for array in layer])


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Layers]:
    """A finished run: its folder, and the layers that it came to in the end."""
    folder = tmp_path_factory.mktemp("whole")
    run = loop(folder)
    run.run()
    run._files.close()
    return folder, run._learner.layers()


def test_a_run_leaves_its_curves(uninterrupted: tuple[Path, Layers]) -> None:
    folder, _ = uninterrupted
    assert (folder / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((folder / "config.json").read_text()) == SETTINGS
    events = b"".join(path.read_bytes() for path in (folder / "tensorboard").iterdir())
    for name in ("train/frame_f1", "reward/due", "loss/policy", "exam/note_f1"):
        assert name.encode() in events


def test_a_killed_run_goes_on_to_the_same_policy(
    uninterrupted: tuple[Path, Layers], compilation: dict[str, object], tmp_path: Path
) -> None:
    code = KILLED.format(settings=compilation, folder=str(tmp_path))
    killed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    run, steps = loop(tmp_path), []
    run.run(lambda now: steps.append(now.steps))
    assert run.steps_before == 64  # the exam before it was killed
    assert steps == [80, 96]
    np.testing.assert_array_equal(flat(run._learner.layers()), flat(uninterrupted[1]))


def test_a_finished_run_learns_no_more(uninterrupted: tuple[Path, Layers]) -> None:
    folder, layers = uninterrupted
    run = loop(folder)
    best = run.run(lambda now: pytest.fail("it went on"))
    assert (run.steps_before, run.steps) == (96, 96)
    assert best.marks == max((row.marks for row in run._files.rows), key=lambda m: m.value)
    np.testing.assert_array_equal(flat(run._learner.layers()), flat(layers))


def test_the_folder_of_another_run_is_refused(uninterrupted: tuple[Path, Layers]) -> None:
    other = SETTINGS | {"seed": 1}
    with pytest.raises(TrainingError, match=r"holds a run with another seed: choose another --out"):
        RunFiles(uninterrupted[0], other)
    nested = {**SETTINGS, "hyper_parameters": {"clip": 0.1}}
    with pytest.raises(TrainingError, match="another hyper_parameters"):
        RunFiles(uninterrupted[0], nested)
    assert json.loads((uninterrupted[0] / "config.json").read_text()) == SETTINGS


@pytest.mark.parametrize("good_at", [0, 4])
def test_the_best_policy_is_the_one_that_plays_best(good_at: int, tmp_path: Path) -> None:
    run = recital(tmp_path, good_at)
    best = run.run()
    assert best.layers[0][0][0, 0] == good_at
    assert best.marks.frame_f1 > 0.95
    if good_at:
        assert [row.iteration for row in run._files.rows if row.best] == [0, 4]


def test_the_last_policy_is_examined_too(tmp_path: Path) -> None:
    files = RunFiles(tmp_path, SETTINGS)
    schedule = LoopConfig(30, 100.0, 2, 0, time.monotonic())
    best = TrainingLoop(Recital(3), exam(good_plan()), files, schedule).run()
    assert [row.iteration for row in files.rows] == [0, 2, 3]
    assert best.layers[0][0][0, 0] == 3


def test_it_stops_when_the_budget_is_used_up(tmp_path: Path) -> None:
    told: list[Progress] = []
    run = recital(tmp_path, good_at=-1)
    run._config = replace(run._config, total_steps=10**9)

    def tell(progress: Progress) -> None:
        if not told:  # how long preparations and the first exam take, is the machine's
            run._config = replace(run._config, budget_s=run.elapsed_s + 0.5)
        told.append(progress)

    run.run(tell)
    assert 0.5 <= run.elapsed_s < 20.0
    assert told[-1].left_s <= 0.5
    more = recital(tmp_path, good_at=-1)
    more._config = replace(more._config, total_steps=run.steps + 30)
    more.run()
    assert more.steps_before == run.steps


def test_a_budget_used_up_by_preparations_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="budget of 1e-06 s is too short: preparations alone"):
        recital(tmp_path, good_at=-1, budget_s=1e-6).run()


def test_numbers_that_are_not_finite_stop_it_and_can_be_looked_at(tmp_path: Path) -> None:
    config = replace(CONFIG, learning_rate=1e38)
    messages = []
    for _ in range(2):  # the same command goes into the same failure
        with pytest.raises(TrainingError, match="stopped being finite at step") as stop:
            loop(tmp_path, config).run()
        messages.append(str(stop.value))
    assert messages[0] == messages[1]
    path = tmp_path / "not_finite.msgpack"
    assert str(path) in messages[0]
    dump = read_dump(path)
    assert f"at step {dump['iteration'] * CONFIG.n_envs * CONFIG.horizon}" in messages[0]
    kernel = dump["state"]["parameters"]["actor"]["params"]["Dense_0"]["kernel"]
    figures = list(dump["figures"].values())
    assert not (np.isfinite(kernel).all() and np.isfinite(figures).all())


@pytest.mark.parametrize("damage", ["cut", "flipped", "other", "empty"])
def test_a_damaged_checkpoint_is_named(
    damage: str, uninterrupted: tuple[Path, Layers], tmp_path: Path
) -> None:
    content = (uninterrupted[0] / "checkpoint.msgpack").read_bytes()
    damaged = {
        "cut": content[: len(content) // 2],
        "flipped": bytes(b ^ 0x55 for b in content),
        "other": b"\x81\xa1a\x01",
        "empty": b"",
    }[damage]
    (tmp_path / "checkpoint.msgpack").write_bytes(damaged)
    with pytest.raises(TrainingError, match=r"checkpoint\.msgpack is damaged: delete"):
        loop(tmp_path).run()


def test_a_damaged_configuration_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"song": ')
    with pytest.raises(TrainingError, match=r"config\.json is damaged: delete"):
        RunFiles(tmp_path, SETTINGS)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="cannot write into"):
        RunFiles(tmp_path / "file" / "run", SETTINGS)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As on a full disk, writing fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_an_error_and_leaves_the_old_checkpoint(
    uninterrupted: tuple[Path, Layers], tmp_path: Path
) -> None:
    old = (uninterrupted[0] / "checkpoint.msgpack").read_bytes()
    (tmp_path / "checkpoint.msgpack").write_bytes(old)
    files = RunFiles(tmp_path, SETTINGS)
    state: dict[str, Any] = {"state": np.zeros(10_000)}
    with largest_file(2_000):
        with pytest.raises(OSError, match="File too large"):
            files.save(state, {})
        with pytest.raises(OSError, match="File too large"):
            files.log(0, {f"figure {i}": 0.0 for i in range(1000)})
    assert (tmp_path / "checkpoint.msgpack").read_bytes() == old
    assert [name for name in os.listdir(tmp_path) if name.endswith(".tmp")] == []

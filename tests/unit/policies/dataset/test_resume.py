"""Builds that were killed go on; two at a time are refused."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr

from policies.dataset import (
    Settings,
)
from policies.dataset.lock import hold
from policies.dataset.rollouts import BATCH
from policies.errors import DatasetError
from tests.unit.policies.dataset.making import N, content, make, opened

KILLED = """
import os, signal, sys
from pathlib import Path
from policies.dataset import Settings, build, chunk_store as store, choose_player, open_workers

written = store.ChunkStore.write
def write(self, index, rollout):
    if index == int(sys.argv[5]):  # half of this one
        for name in store.ARRAYS[:4]:
            self._arrays[name][index] = rollout.arrays[name]
        os.kill(os.getpid(), signal.SIGKILL)
    written(self, index, rollout)

store.ChunkStore.write = write
path, song, given = map(Path, sys.argv[1:4])
n = int(sys.argv[4])
settings = Settings("shadow_pair_88", choose_player, given, n, noise=0.01, stretch=1.0, seed=3)
with open_workers(1) as perform:
    build(path, [str(song)], settings, perform, lambda status: None)
"""


@pytest.mark.parametrize(("n", "at"), [(N, 1), (BATCH + 2, BATCH + 1)])
def test_goes_on_after_a_kill(
    tmp_path: Path, song: Path, settings: Settings, n: int, at: int
) -> None:
    """In the first ten that are played side by side, and in the next ones."""
    settings, path = replace(settings, rollouts=n), tmp_path / "killed" / "a.zarr"
    command = [sys.executable, "-c", KILLED, str(path), str(song), str(settings.given)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run(
        [*command, str(n), str(at)], capture_output=True, text=True, env=env, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    f1 = opened(path)["short_0"]["f1"][:]
    assert np.isfinite(f1).tolist() == [index < at for index in range(n)]
    assert make(path, song, settings).found == at
    make(tmp_path / "a.zarr", song, settings)
    assert content(path) == content(tmp_path / "a.zarr")


@pytest.mark.parametrize("grown_before_the_kill", [(), ("actions",)])
def test_more_rollouts_are_those_of_a_larger_build(
    tmp_path: Path, song: Path, settings: Settings, grown_before_the_kill: tuple[str, ...]
) -> None:
    path, larger = tmp_path / "grown" / "a.zarr", replace(settings, rollouts=BATCH + 1)
    make(path, song, settings)
    for name in grown_before_the_kill:
        array = zarr.open_array(path / "short_0" / name)
        array.resize((larger.rollouts, *array.shape[1:]))
    assert (make(path, song, larger).found, make(path, song, settings).found) == (N, N)
    make(tmp_path / "a.zarr", song, larger)
    assert content(path) == content(tmp_path / "a.zarr")


@pytest.mark.parametrize(
    "lost",
    [
        ("short_0/f1/.zarray",),
        ("short_0/f1", "short_0/actions/.zarray"),
        ("short_0",),
        ("short_0", "README.md", ".zattrs"),
    ],
)
def test_goes_on_from_half_made_groups(
    copy: Path, song: Path, whole: Path, settings: Settings, lost: tuple[str, ...]
) -> None:
    """Killed before the first rollout: only some of the files are there."""
    for rollout in (copy / "short_0").glob("*/[0-9]*"):
        rollout.unlink()
    for name in lost:
        path = copy / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert make(copy, song, settings).made == N
    ours, theirs = content(copy), content(whole)
    assert ours.pop("README.md") != theirs.pop("README.md")  # it has the folder's name
    assert ours == theirs


def test_one_build_at_a_time(copy: Path, song: Path, settings: Settings) -> None:
    with hold(copy), pytest.raises(DatasetError, match="another build writes there"):
        make(copy, song, settings)
    assert make(copy, song, settings).found == N

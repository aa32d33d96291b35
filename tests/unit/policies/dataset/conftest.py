"""A song of ten steps, and a whole dataset of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from policies.dataset import (
    Settings,
    choose_player,
    load_chunks,
)
from score import Note, Score, write_midi
from sim.pair import build_pair, load_pair
from tests.unit.policies.dataset.making import RIG, N, make


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A song of 10 control steps."""
    path = tmp_path_factory.mktemp("song") / "short.mid"
    write_midi(Score("short", (Note(60, 0.0, 0.2), Note(64, 0.25, 0.45))), path)
    return path


@pytest.fixture(scope="module")
def settings(song: Path) -> Settings:
    """Hands that stay where they are."""
    model = build_pair(load_pair(RIG))
    (chunk,) = load_chunks([str(song)], 1.0)
    targets = np.clip(np.zeros((chunk.goals.n_steps, 39)), model.action_low, model.action_high)
    given = song.with_name("short_0.npz")
    np.savez(given, targets=targets)
    return Settings(RIG, choose_player, given, N, noise=0.01, stretch=1.0, seed=3)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, song: Path, settings: Settings) -> Path:
    path = tmp_path_factory.mktemp("whole") / "whole.zarr"
    built = make(path, song, settings)
    assert (built.chunks, built.found, built.made) == (1, 0, N)
    return path


@pytest.fixture
def copy(tmp_path: Path, whole: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy.zarr"))

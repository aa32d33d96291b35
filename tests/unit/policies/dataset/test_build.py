"""Datasets: built, and read by a plain ``zarr.open``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dacapo.__main__ import main
from policies.dataset import (
    Settings,
    Status,
    build,
    draw_stats,
    open_store,
    open_workers,
    read_stats,
)
from policies.dataset.rollouts import BATCH
from tests.unit.policies.dataset.making import N, content, make, opened


def test_has_the_arrays_of_rp1m(whole: Path) -> None:
    chunk = opened(whole)["short_0"]
    steps = chunk["actions"].shape[1]
    shapes = {"actions": 39, "goals": 89, "piano_states": 89, "hand_joints": 46}
    shapes |= {"hand_fingertips": 30, "keys_sounding": 88, "wanted_actions": 39}
    for name, n in shapes.items():
        assert chunk[name].shape == (N, steps, n)
        assert chunk[name].chunks == (1, steps, n)
        assert chunk[name].dtype == np.float32
    assert chunk["f1"].shape == (N,)
    assert np.isfinite(chunk["f1"][:]).all()
    assert "short_0" in (whole / "README.md").read_text()


def test_no_two_rollouts_are_equal(whole: Path) -> None:
    chunk = opened(whole)["short_0"]
    for name in ("actions", "hand_joints", "hand_fingertips"):
        rows = {chunk[name][i].tobytes() for i in range(N)}
        assert len(rows) == N


def test_noise_is_kept_apart_and_of_many_amounts(whole: Path, settings: Settings) -> None:
    chunk = opened(whole)["short_0"]
    with np.load(str(settings.given)) as given:
        targets = np.float32(given["targets"])
    assert all(np.array_equal(wanted, targets) for wanted in chunk["wanted_actions"][:])
    amounts = np.abs(chunk["actions"][:] - targets).mean(axis=(1, 2))
    assert amounts.min() > 0
    assert amounts.max() > 1.2 * amounts.min()


def test_processes_make_the_same(tmp_path: Path, song: Path, settings: Settings) -> None:
    """As one process does, whichever worker plays what."""
    path, more = tmp_path / "whole.zarr", replace(settings, rollouts=BATCH + 1)
    with open_workers(2) as perform:
        build(path, [str(song)], more, perform, lambda status: None)
    alone = tmp_path / "alone" / "whole.zarr"
    alone.parent.mkdir()
    make(alone, song, more)
    assert content(path) == content(alone)


def test_draws_its_statistics(whole: Path) -> None:
    (stats,) = read_stats(open_store(whole))
    assert (stats.name, stats.active_keys, len(stats.f1)) == ("short_0", 2, N)
    assert stats.presses.sum() == 2
    assert draw_stats([stats]).startswith(b"\x89PNG")


def test_command_line(
    tmp_path: Path, song: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.zarr"
    words = ["dataset", "build", str(song), "--policy", str(settings.given), "--out", str(out)]
    words += ["--rollouts", "2", "--stretch", "1", "--workers", "1", "--json"]
    for found in (0, 2):
        assert main(words) == 0
        assert json.loads(capsys.readouterr().out)["rollouts_found"] == found
    assert main(["dataset", "stats", str(out), "--out", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["chunks"][0]["rollouts"] == 2
    assert (tmp_path / "a.png").is_file()
    assert main(["dataset", "stats", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["dataset", "stats", "a", "b"]) == 2


def test_says_how_far_it_is(tmp_path: Path, song: Path, settings: Settings) -> None:
    seen: list[Status] = []
    with open_workers(1) as perform:
        build(tmp_path / "a.zarr", [str(song)], replace(settings, rollouts=2), perform, seen.append)
    assert [(status.done, status.total) for status in seen] == [(0, 2), (1, 2), (2, 2)]
    assert [status.f1 is None for status in seen] == [True, False, False]
    assert np.isnan(seen[0].left_s)
    assert seen[1].left_s > seen[2].left_s == 0.0

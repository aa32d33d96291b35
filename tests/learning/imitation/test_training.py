"""Training, playing, and the verb."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flax import serialization
from numpy.typing import NDArray

from dacapo.__main__ import main
from dacapo.imitate import METHODS as NAMES
from policies.imitation import methods
from policies.imitation.evaluation import Song
from policies.imitation.implicit_bc import ImplicitCloning
from policies.imitation.learner import ImitationLearner
from policies.imitation.player import ImitationPlayer
from policies.imitation.songs import Songs
from policies.imitation.train import Imitated, Imitation, Schedule, exam_songs
from policies.learning.run_files import TrainingError
from score import Goals
from score.robopianist import load_goals
from sim.pair import PairEnvironment, PairModel
from tests.learning.imitation.bundles import bundle_of
from tests.learning.imitation.store import STRETCH, TRAINED


def imitated(songs: Songs, model: PairModel, folder: Path, steps: tuple[int, ...]) -> Imitated:
    for total in steps:
        imitation = Imitation("bc-256", songs, model, folder, seed=0, source="tiny.zarr")
        result = imitation.run(Schedule(budget_s=1000.0, total_steps=total))
    return result


def test_a_run_taken_up_again_is_the_run_that_never_stopped(
    songs: Songs, model: PairModel, tmp_path: Path
) -> None:
    whole = imitated(songs, model, tmp_path / "whole", (4,))
    parts = imitated(songs, model, tmp_path / "parts", (2, 4))
    assert whole.steps == parts.steps == 4
    one, other = (weights(run.bundle.parent) for run in (whole, parts))
    for name, array in one.items():
        assert np.array_equal(array, other[name]), name


def weights(run: Path) -> dict[str, np.ndarray]:
    """Averaged parameters after the last step of a run."""
    content = serialization.msgpack_restore((run / "checkpoint.msgpack").read_bytes())
    averaged: dict[str, np.ndarray] = serialization.msgpack_restore(content["tree"])["state"][
        "average"
    ]
    return averaged


def test_exams_are_taken_by_the_clock_and_at_most_a_tenth_of_the_time(
    songs: Songs, model: PairModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[float] = []

    def examine(imitation: Imitation) -> float:
        times.append(time.monotonic())
        return 0.02  # what it says that it took

    monkeypatch.setattr(Imitation, "_examine", examine)
    imitation = Imitation("bc-256", songs, model, tmp_path, seed=0, source="tiny.zarr")
    imitation._learner.step(0)  # compiles, which takes as long as it takes
    imitation._started_s = time.monotonic()
    imitation.run(Schedule(budget_s=1.5, exam_every_s=0.0))
    gaps = np.diff(times)[:-1]  # the last exam is at the end of the budget
    assert 2 <= len(gaps) <= 8
    assert gaps.min() >= 0.18


def test_a_run_of_a_dataset_that_grew_is_refused(
    songs: Songs, model: PairModel, tmp_path: Path
) -> None:
    imitated(songs, model, tmp_path, (1,))
    with pytest.raises(TrainingError, match="another dataset_sha256"):
        imitated(replace(songs, dataset_sha256="0" * 64), model, tmp_path, (2,))


def test_exams_are_songs_from_all_over_the_list() -> None:
    assert exam_songs([str(i) for i in range(28)]) == ["0", "5", "11", "16", "22", "27"]
    assert exam_songs(["a", "b"]) == ["a", "b"]


def test_numbers_that_are_not_finite_stop_training(
    songs: Songs, model: PairModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImitationLearner, "step", lambda self, number: float("nan"))
    with pytest.raises(TrainingError, match="another --seed"):
        imitated(songs, model, tmp_path / "run", (4,))
    assert (tmp_path / "run" / "not_finite.msgpack").is_file()


def test_playing_needs_neither_jax_nor_zarr() -> None:
    code = "import sys, policies.imitation.player; sys.exit(len({'jax', 'zarr'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def first_steps(song: str, steps: int) -> Goals:
    goals = load_goals(song)
    return replace(goals, keys=goals.keys[:steps], sustain=goals.sustain[:steps])


def test_the_seed_decides_what_a_method_draws_to_act(
    songs: Songs, model: PairModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = ImplicitCloning((8,), samples=2, steps=2)
    monkeypatch.setitem(methods.METHODS, "implicit-bc", tiny)
    player = ImitationPlayer(bundle_of(model, songs, "implicit-bc", tiny), model)
    song = Song(first_steps(TRAINED[0], 10), np.zeros(len(model.joint_names)))

    def actions(seed: int) -> NDArray[np.float64]:
        """Of the first steps; what sounds may be the same."""
        environment = PairEnvironment(model, song.goals, song.start)
        environment.reset()
        player.reset(np.random.default_rng(seed))
        return np.array([player.act(environment, step) for step in range(3)])

    assert np.array_equal(actions(0), actions(0))
    assert not np.array_equal(actions(0), actions(1))


def test_the_verb_knows_every_method() -> None:
    assert tuple(methods.METHODS) == NAMES


def test_the_verb_trains_and_plays(
    store: Path,
    split_file: Path,
    model: PairModel,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["imitate", str(store), "--split", str(split_file), "--method", "bc-256", "--json"]
    command += ["--budget-s", "0.2", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["frame_f1"]["easy"] is None
    assert set(document["songs"]["in_distribution"]) == set(TRAINED)
    command = ["play", TRAINED[0], "--rig", "shadow_pair_88", "--policy", document["bundle"]]
    assert main([*command, "--json"]) == 0
    played = json.loads(capsys.readouterr().out)
    due = load_goals(TRAINED[0], stretch=STRETCH)
    assert played["stretch"] == STRETCH
    assert played["frame"]["do_nothing_f1"] == np.mean(~due.keys.any(axis=1))
    assert main(command) == 0
    assert "doing nothing" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*command, "--mode", "real"])


def test_the_verb_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert main(["imitate", str(tmp_path / "none.zarr"), "--out", out]) == 1
    assert "no such folder" in capsys.readouterr().err

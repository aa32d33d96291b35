"""Training, playing, and the verb."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dacapo.__main__ import main
from dacapo.imitate import METHODS as NAMES
from policies.imitation import methods
from policies.imitation.bundle import ImitationBundle, read_bundle
from policies.imitation.evaluation import Nothing, Song, play
from policies.imitation.learner import ImitationLearner
from policies.imitation.player import ImitationPlayer
from policies.imitation.songs import Songs
from policies.imitation.train import Imitated, Imitation, Schedule
from policies.learning.run_files import TrainingError
from score import Goals
from score.robopianist import load_goals
from sim.pair import PairModel
from tests.learning.imitation.store import TRAINED


def imitated(songs: Songs, model: PairModel, folder: Path, steps: tuple[int, ...]) -> Imitated:
    for total in steps:
        imitation = Imitation("bc-256", songs, model, folder, seed=0, source="tiny.zarr")
        result = imitation.run(Schedule(budget_s=1000.0, total_steps=total, exam_every=2))
    return result


def test_a_run_taken_up_again_is_the_run_that_never_stopped(
    songs: Songs, model: PairModel, tmp_path: Path
) -> None:
    whole = imitated(songs, model, tmp_path / "whole", (4,))
    parts = imitated(songs, model, tmp_path / "parts", (2, 4))
    assert whole.steps == parts.steps == 4
    assert whole.frame_f1 == parts.frame_f1
    one, other = (read_bundle(run.bundle) for run in (whole, parts))
    for name, array in one.parameters.items():
        assert np.array_equal(array, other.parameters[name]), name


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


def test_the_same_seed_plays_the_same(bundle: ImitationBundle, model: PairModel) -> None:
    song = Song(first_steps(TRAINED[0], 10), np.zeros(len(model.joint_names)))
    player = ImitationPlayer(bundle)
    assert play(player, model, song, 0) == play(player, model, song, 0)


def test_doing_nothing_scores_the_silence(model: PairModel) -> None:
    goals = first_steps(TRAINED[0], 40)
    scores = play(Nothing(model), model, Song(goals, np.zeros(len(model.joint_names))), 0)
    assert scores.f1 == np.mean(~goals.keys.any(axis=1))


def test_the_verb_knows_every_method() -> None:
    assert tuple(methods.METHODS) == NAMES


def test_the_verb_trains_and_plays(
    store: Path, split_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["imitate", str(store), "--split", str(split_file), "--method", "bc-256", "--json"]
    command += ["--budget-s", "0.2", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["frame_f1"]["easy"] is None
    assert set(document["songs"]["in_distribution"]) == set(TRAINED)
    play = ["play", TRAINED[0], "--rig", "shadow_pair_88", "--policy", document["bundle"]]
    assert main([*play, "--json"]) == 0
    frame = json.loads(capsys.readouterr().out)["frame"]
    assert 0.0 <= frame["do_nothing_f1"] <= 1.0
    assert main(play) == 0
    assert "doing nothing" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*play, "--mode", "real"])


def test_the_verb_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert main(["imitate", str(tmp_path / "none.zarr"), "--out", out]) == 1
    assert "no such folder" in capsys.readouterr().err

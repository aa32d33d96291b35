"""Learning, search, exams, bundles and verbs with two hands: nothing forks, all of it works."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dacapo.__main__ import main
from policies import Plan, load_policy, make_plan
from policies.bundle import read_bundle
from policies.dataset import open_store
from policies.evaluation import evaluate
from policies.learning.algorithms import ALGORITHMS
from policies.learning.droq import Droq
from policies.learning.droq_config import DroqConfig
from policies.learning.environment import LearningEnvironment
from policies.learning.task import Task
from policies.learning.train import train
from policies.search import polish, polished_bundle
from score import Goals, Note, Pedal, Score, make_goals, read_midi, write_midi
from sim import PhysicsParameters, PlayablePair, by_kind, load_any_rig
from tests.learning.small import CONFIG
from tests.unit.playing import nominal_pair

PAIR = "shadow_pair_88"
DROQ = DroqConfig(
    n_envs=2, horizon=4, total_steps=48, warmup_steps=8, capacity=64, batch=4, widths=(8, 6)
)
SCORE = Score(
    "both",
    tuple(Note(p, 0.3 * i, 0.3 * i + 0.2, 64) for i, p in enumerate((48, 72, 52))),
    (Pedal(0.3, True), Pedal(0.6, False)),
)


@cache
def goals() -> Goals:
    return make_goals(SCORE, 21, 88)


def pair() -> PlayablePair:
    return nominal_pair(PAIR)


def at_rest() -> Plan:
    """No hand moves, so there is always something to learn; the pedal does what is due."""
    model = pair()
    rest = np.clip(np.zeros(model.n_joints), model.joint_low, model.joint_high)
    targets = np.tile(rest, (goals().n_steps, 1))
    targets[:, -1] = goals().sustain
    return Plan(model.rig.name, model.joint_names, targets, targets)


def task(algorithm: str, **changes: Any) -> Task:  # noqa: ANN401
    physics = PhysicsParameters.nominal(load_any_rig(PAIR))
    settings: dict[str, Any] = {"plan": at_rest(), "budget_s": math.inf} | changes
    return Task(goals(), physics, algorithm, **settings)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """All algorithms with a hundred control steps and little networks."""
    for name, algorithm in list(ALGORITHMS.items()):
        config: Any = DROQ if algorithm.make is Droq else CONFIG
        small = replace(
            algorithm,
            config=config,
            n_envs=config.n_envs,
            total_steps=config.total_steps,
            exam_every=3,
        )
        monkeypatch.setitem(ALGORITHMS, name, small)


def test_the_pedal_is_due_in_the_song() -> None:
    assert 0 < goals().sustain.sum() < goals().n_steps


def test_what_a_learner_sees_and_does() -> None:
    model, plan = pair(), at_rest()
    environment = LearningEnvironment(model, goals(), plan, 3, threads=1, starts_along_plan=False)
    n, (keys, due) = model.n_joints, (29, 3)  # two more keys on either side; three are ever due
    assert environment.observations.shape == (3, n * (1 + 1 + 3 + 3 + 1) + keys + 11 * due + 1)
    rng = np.random.default_rng(0)
    for step in range(goals().n_steps - 1):
        seen, reward, _ = environment.step(rng.uniform(-1, 1, (3, n)))
        assert np.isfinite(seen).all()
        assert np.isfinite(reward).all()
        assert np.abs(seen).max() < 20.0
        assert not environment.reward_terms["crowding"].any()
        pedal = environment._batch.pedal_down
        np.testing.assert_array_equal(pedal, goals().sustain[[step] * 3])


def test_corrections_go_by_the_kind_of_joint() -> None:
    model = pair()
    environment = LearningEnvironment(model, goals(), at_rest(), 1, threads=1)
    expected = by_kind(model.joint_names, slide=0.006, hinge=0.15)
    np.testing.assert_array_equal(environment.actions.scale, expected)
    slides = [name for name, s in zip(model.joint_names, expected, strict=True) if s == 0.006]
    assert len(slides) == 4
    assert expected[-1] == 0.0


@pytest.mark.parametrize("algorithm", ["residual-ppo", "residual-droq", "droq", "ppo"])
def test_every_algorithm_trains_two_hands(algorithm: str, tmp_path: Path) -> None:
    trained = train(task(algorithm), tmp_path)
    assert trained.steps == ALGORITHMS[algorithm].total_steps
    bundle = read_bundle(trained.bundle)
    assert bundle.joint_names == pair().joint_names
    assert bundle.physics == {}
    policy = load_policy(str(trained.bundle), pair(), goals())
    assert evaluate(policy, pair(), goals(), 5) == trained.scores
    if bundle.residual:
        assert trained.scores.pedal_f1 == 1.0


def test_a_training_begins_where_its_bundle_ended(tmp_path: Path) -> None:
    first = read_bundle(train(task("residual-ppo", seed=1), tmp_path / "first").bundle)
    warm = tmp_path / "first" / "both.npz"
    begun = train(task("residual-ppo", warm_start=warm, total_steps=0), tmp_path / "begun")
    for mine, theirs in zip(read_bundle(begun.bundle).layers, first.layers, strict=True):
        np.testing.assert_array_equal(mine[0], theirs[0])


def test_search_leaves_the_pedal_alone(tmp_path: Path) -> None:
    polished = polish(at_rest(), goals(), pair(), math.inf, seed=0, rounds=2)
    np.testing.assert_array_equal(polished.plan.targets[:, -1], goals().sustain)
    before = evaluate(at_rest(), pair(), goals(), 1).frame_f1
    assert evaluate(polished.plan, pair(), goals(), 1).frame_f1 >= before
    bundle = polished_bundle(polished, goals(), pair(), physics={}, seed=0)
    assert bundle.residual


def test_the_planner_of_a_pair_is_another_one() -> None:
    plan = make_plan(goals(), pair())
    assert plan.joint_names == pair().joint_names
    assert plan.targets.shape == (goals().n_steps, 39)


def test_verbs_train_evaluate_and_play(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song, rig = str(tmp_path / "both.mid"), ["--rig", PAIR]
    write_midi(SCORE, Path(song))
    assert main(["train", song, *rig, "--out", str(tmp_path / "out"), "--json"]) == 0
    bundle = json.loads(capsys.readouterr().out)[song]["bundle"]
    assert not Path(bundle).with_name("reference.npz").exists()  # no search
    policy = [*rig, "--policy", bundle]
    assert main(["evaluate", song, *policy, "--episodes", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["songs"][song]
    runs = ["--out", str(tmp_path / "runs")]
    assert main(["play", song, *policy, *runs, "--json"]) == 0
    played = json.loads(capsys.readouterr().out)
    assert played["frame"]["f1"] == told["frame_f1"]
    assert played["pedal_f1"] == told["pedal_f1"]
    assert main(["play", song, *policy, *runs]) == 0
    printed = capsys.readouterr().out
    assert "pedal f1" in printed
    folder = Path(printed.split("look and listen: ")[1].strip()).parent
    assert read_midi(folder / "performance.mid").notes
    assert "<audio" in (folder / "report.html").read_text()
    with np.load(folder / "trace.npz") as trace:
        assert trace["joint_positions"].shape == (len(trace["time_s"]), 39)
    assert main(["evaluate", song, *policy, "--episodes", "1"]) == 0
    assert "pedal F1" in capsys.readouterr().out


def test_trains_what_a_dataset_is_made_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A policy for each chunk of a song, by the rules by which datasets cut it."""
    song, given = str(tmp_path / "both.mid"), tmp_path / "given"
    write_midi(SCORE, Path(song))
    command = ["train", song, "--rig", PAIR, "--out", str(tmp_path / "out"), "--json"]
    assert main([*command, "--chunks", "1"]) == 0
    (trained,) = json.loads(capsys.readouterr().out).items()
    given.mkdir()
    shutil.copy(trained[1]["bundle"], given)
    build = ["dataset", "build", song, "--policy", str(given), "--out", str(tmp_path / "a.zarr")]
    build += ["--rollouts", "1", "--stretch", "1", "--noise", "0", "--workers", "1", "--json"]
    assert main(build) == 0
    assert json.loads(capsys.readouterr().out)["rollouts_made"] == 1
    (made,) = open_store(tmp_path / "a.zarr").chunks()
    np.testing.assert_allclose(made.f1(), trained[1]["frame_f1"], atol=1e-6)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["train", "ode_to_joy", "--params", "my.yaml"], "no physics parameters"),
        (["evaluate", "ode_to_joy", "--params", "my.yaml"], "no physics parameters"),
        (["evaluate", "ode_to_joy", "--world", "workshop-a"], "has two hands"),
        (["iterate", "ode_to_joy", "--mode", "virtual", "--world", "workshop-a"], "has two hands"),
        (["emulate", "--world", "workshop-a"], "has two hands"),
        (["play", "ode_to_joy", "--policy", "none.npz"], "none.npz"),
        (["train", "no_such_song", "--chunks", "1.25"], "no_such_song"),
    ],
)
def test_what_two_hands_do_not_have_is_one_line(
    command: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = ["--out", str(tmp_path)] if command[0] in ("train", "iterate", "play") else []
    assert main([*command, "--rig", PAIR, *out]) != 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err.splitlines()[-1]

"""PPO in MJX against PPO on the processor: the same features, rewards, bundle; what is refused."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

pytest.importorskip("mujoco.mjx", reason="needs the extra mjx")
pytest.importorskip("warp", reason="needs the extra mjx")

import warp

import dacapo.train
from dacapo.__main__ import main
from dacapo.extras import EXTRAS
from policies import Plan, readings
from policies.bundle import read_bundle
from policies.features import HISTORY, Actions, Features, Part
from policies.learning import reference
from policies.learning.algorithms import ALGORITHMS
from policies.learning.device.environment import DeviceEnvironment
from policies.learning.device.features import DeviceActions, DeviceFeatures
from policies.learning.device.make import make_learner
from policies.learning.device.ppo import DevicePpo
from policies.learning.environment import LAST_ROWS, LearningEnvironment, Reward
from policies.learning.run_files import TrainingError
from policies.learning.task import Task
from policies.learning.train import train
from score import Goals, Note, Pedal, Score, make_goals, write_midi
from sim import PhysicsParameters, PlayablePair, load_any_rig, record_states
from sim.mjx import ContactOverflowError, build_reduced_playable
from tests.learning.small import CONFIG
from tests.unit.playing import fumbling, nominal_pair

PAIR = "shadow_pair_88"
SCORE = Score(
    "two",
    tuple(Note(p, 0.2 * i, 0.2 * i + 0.15, 64) for i, p in enumerate((60, 64, 67))),
    (Pedal(0.2, True), Pedal(0.4, False)),
)
N = 3


@cache
def goals() -> Goals:
    return make_goals(SCORE, 21, 88)


@cache
def reduced(max_contacts: int = 64) -> PlayablePair:
    model = build_reduced_playable(load_any_rig(PAIR), max_contacts)  # type: ignore[arg-type]
    model.mj.opt.iterations = 20  # without a GPU Warp takes every one of them
    return model


@cache
def plan() -> Plan:
    """Hands that fall onto the keys and wander: key after key sounds, due or not."""
    model = nominal_pair(PAIR)
    targets = fumbling(model, goals().n_steps, 1)[:, 0]
    targets[:, -1] = goals().sustain
    return Plan(PAIR, model.joint_names, targets, targets)


def part() -> Part:
    model = nominal_pair(PAIR)
    return Part.of(model.joint_low, model.joint_high, goals(), plan())


def task(**changes: Any) -> Task:  # noqa: ANN401
    physics = PhysicsParameters.nominal(load_any_rig(PAIR))
    settings: dict[str, Any] = {"plan": plan(), "budget_s": math.inf, "simulator": "mjx"} | changes
    return Task(goals(), physics, **settings)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three iterations of 16 control steps."""
    config = replace(CONFIG, total_steps=48)
    tiny = replace(
        ALGORITHMS["residual-ppo"], config=config, n_envs=4, total_steps=48, exam_every=2
    )
    monkeypatch.setitem(ALGORITHMS, "residual-ppo", tiny)


def test_features_are_those_of_the_processor() -> None:
    rng, features = np.random.default_rng(0), Features(part())
    rows, n = np.arange(-1, goals().n_steps + 3), nominal_pair(PAIR).n_joints
    shape = (len(rows), n)
    seen = {
        "joint_positions": rng.uniform(-1, 1, shape),
        "joint_velocities": rng.normal(0, 3, shape),
        "keys": rng.random((len(rows), 88)) < 0.3,
        "score_time_s": rows[:, None] * 0.05,
    }
    past = rng.uniform(-1, 1, (len(rows), HISTORY, n))
    out = np.zeros((len(rows), features.size), np.float32)
    expected = features(seen, past, out)
    observed = jax.jit(DeviceFeatures(features))(
        rows, seen["joint_positions"], seen["joint_velocities"], seen["keys"], past
    )
    np.testing.assert_allclose(observed, expected, rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("residual", [True, False])
def test_actions_are_those_of_the_processor(residual: bool) -> None:
    model, rng = nominal_pair(PAIR), np.random.default_rng(0)
    actions = Actions(part(), model.joint_names, residual)
    rows = np.arange(goals().n_steps + 2)
    done = rng.uniform(-1, 1, (len(rows), model.n_joints))
    observed = jax.jit(DeviceActions(actions).targets)(done, rows)
    np.testing.assert_allclose(observed, actions.targets(done, rows), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("reward", ["shaped", "published"])
def test_a_song_goes_as_on_the_processor(reward: Reward, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same reduced model and start, the same actions: features, rewards, end."""
    for name in ("READING_RAD", "READING_M", "SPEED_RAD_PER_S", "SPEED_M_PER_S"):
        monkeypatch.setattr(readings, name, 0.0)  # each reads with noise of its own
    settings: dict[str, Any] = {"reward": reward, "starts_along_plan": False}
    device = DeviceEnvironment(reduced(), what_it_plays(), plan(), N, **settings)
    processor = LearningEnvironment(reduced(), what_it_plays(), plan(), N, threads=1, **settings)
    step, rng, happened = jax.jit(device.step), np.random.default_rng(1), Counter[str]()
    for t in range(goals().n_steps + 3):
        np.testing.assert_allclose(device.episodes.features, processor.observations, atol=3e-4)
        actions = rng.uniform(-1.2, 1.2, (N, device.action_size))
        device.episodes, told = step(device.episodes, actions, jax.random.key(t))
        _, expected, ended = processor.step(actions)
        np.testing.assert_array_equal(told.ended, ended)
        for name, term in processor.reward_terms.items():
            figure = told.figures[f"reward/{name}"]
            np.testing.assert_allclose(figure, term, rtol=1e-4, atol=3e-4, err_msg=name)
            happened[name] += int(np.count_nonzero(term))
        np.testing.assert_allclose(told.reward, expected, rtol=1e-4, atol=3e-4)
        np.testing.assert_allclose(told.figures["train/frame_f1"], processor.frame_f1, atol=1e-6)
    device.check()
    assert [name for name in processor.reward_terms if not happened[name]] in ([], ["crowding"])


@cache
def what_it_plays() -> Goals:
    """A song of all that the plan strikes, so that corrections hit and miss."""
    processor = LearningEnvironment(
        reduced(), goals(), plan(), 1, threads=1, starts_along_plan=False
    )
    rows = []
    for _ in range(goals().n_steps):
        processor.step(np.zeros((1, processor.action_size)))
        rows.append(processor._batch.row_keys[0].copy())
    return replace(goals(), keys=np.array(rows))


def test_episodes_begin_along_the_plan() -> None:
    song = make_goals(replace(SCORE, notes=(*SCORE.notes, Note(60, 1.4, 1.6))), 21, 88)
    still = plan().targets[:1].repeat(song.n_steps, axis=0)
    along = replace(plan(), references=still, targets=still)
    environment = DeviceEnvironment(reduced(), song, along, 32, seed=1)
    episodes = environment.episodes
    states = record_states(reduced(), along.start, still)
    rows = np.asarray(episodes.rows)
    assert 5 < len(set(rows.tolist())) <= song.n_steps - LAST_ROWS
    np.testing.assert_allclose(episodes.data.qpos, states.qpos[rows], atol=1e-6)
    np.testing.assert_array_equal(episodes.sounding, states.sounding[rows])
    environment.restart(1)
    np.testing.assert_array_equal(environment.episodes.rows, rows)
    environment.restart(2)
    assert (np.asarray(environment.episodes.rows) != rows).any()


def test_rollouts_follow_from_the_seed() -> None:
    learner = make_learner(
        load_any_rig(PAIR),
        goals(),
        plan(),
        ALGORITHMS["residual-ppo"],
        fingering=True,
        starts_along_plan=True,
        seed=0,
    )
    batches = []
    for seed in (3, 3, 4):
        learner.restart(seed)
        batch, _, figures = learner._rollout()
        batches.append(np.asarray(batch.features))
    np.testing.assert_array_equal(batches[0], batches[1])
    assert (batches[0] != batches[2]).any()
    assert {"reward/due", "reward/fingering", "train/frame_f1"} <= set(figures)
    assert np.abs(learner.act(batches[0][0])).max() < 0.1  # a fresh policy stays at the plan


def test_contacts_without_room_stop_a_training() -> None:
    environment = DeviceEnvironment(reduced(1), goals(), plan(), 4, starts_along_plan=False)
    with pytest.raises(ContactOverflowError, match="more than 1 contacts"):
        learn(environment)


def learn(environment: DeviceEnvironment) -> None:
    learner = DevicePpo(environment, CONFIG, 0)
    for _ in range(goals().n_steps // CONFIG.horizon):
        learner.iterate()


def test_verbs_train_in_mjx_and_play(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "GOOD_F1", 0.0)  # no search
    monkeypatch.setattr(dacapo.train, "TOO_SLOW", ())
    monkeypatch.setattr(warp.config, "log_level", warp.LOG_INFO)  # it prints into JSON if it may
    song, rig = str(tmp_path / "two.mid"), ["--rig", PAIR]
    write_midi(SCORE, Path(song))
    mjx = ["--simulator", "mjx", "--envs", "2"]
    assert main(["train", song, *rig, *mjx, "--out", str(tmp_path / "out"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)[song]
    assert told["steps"] == 24  # as many iterations, of half as many environments
    assert f"{PAIR}-two-residual-ppo-mjx-2-0" in told["bundle"]
    bundle = read_bundle(Path(told["bundle"]))
    assert bundle.residual
    config = json.loads((Path(told["bundle"]).parent / "config.json").read_text())
    assert config["simulator"] == bundle.training["simulator"] == "mjx"
    policy = [*rig, "--policy", told["bundle"], "--json"]
    assert main(["evaluate", song, *policy, "--episodes", "1"]) == 0
    evaluated = json.loads(capsys.readouterr().out)["songs"][song]
    assert main(["play", song, *policy]) == 0
    assert json.loads(capsys.readouterr().out)["frame"]["f1"] == evaluated["frame_f1"]


@pytest.mark.parametrize(
    ("arguments", "slow", "packages", "words"),
    [
        (["--simulator", "mjx"], ("cpu",), (), "JAX finds only cpu here: leave out --simulator"),
        (["--simulator", "mjx"], (), ("no_such_package",), "install -e '.[mjx]'"),
        (["--envs", "8"], (), (), "--envs is for --simulator mjx"),
        (["--simulator", "mjx", "--rig", "leap_rail_49"], (), (), "has one hand"),
        (["--simulator", "mjx", "--algorithm", "droq"], (), (), "only residual-ppo and ppo"),
    ],
)
def test_what_mjx_does_not_train(
    *,
    arguments: list[str],
    slow: tuple[str, ...],
    packages: tuple[str, ...],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dacapo.train, "TOO_SLOW", slow)
    monkeypatch.setitem(EXTRAS, "mjx", packages)
    command = ["train", "ode_to_joy", "--rig", PAIR, *arguments, "--out", str(tmp_path)]
    assert main(command) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_plan_that_leads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"leads 0\.01 s"):
        train(task(plan=replace(plan(), lateness_s=0.01)), tmp_path)

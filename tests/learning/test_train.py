"""Training from the command line: what it writes and says, and what it refuses."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import dacapo.train
from dacapo.__main__ import main
from dacapo.extras import EXTRAS
from policies import known_delay_s, load_policy
from policies.bundle import read_bundle, untrained_bundle, write_bundle
from policies.learning import reference
from policies.learning.algorithms import ALGORITHMS
from policies.learning.ppo import Ppo
from policies.learning.run_files import TrainingError
from policies.learning.task import Task
from policies.learning.train import train
from score import write_midi
from sim import PhysicsParameters, load_rig, write_parameters
from tests.learning.small import CONFIG, RIG, bad_plan, three_notes
from tests.unit.playing import nominal_model


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """An algorithm of a hundred control steps."""
    tiny = replace(
        ALGORITHMS["residual-ppo"],
        config=CONFIG,
        make=Ppo,
        n_envs=CONFIG.n_envs,
        total_steps=CONFIG.total_steps,
        exam_every=3,
        randomise=0.0,
    )
    monkeypatch.setitem(ALGORITHMS, "tiny", tiny)


@pytest.fixture
def song(tmp_path: Path) -> str:
    path = tmp_path / "three.mid"
    write_midi(three_notes().score, path)
    return str(path)


def task(**changes: object) -> Task:
    physics = PhysicsParameters.nominal(nominal_model(RIG).rig)
    plain = Task(three_notes(), physics, algorithm="tiny", plan=bad_plan())
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields by name


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a failing command prints."""
    assert main(["train", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    last = printed.err.splitlines()[-1]
    assert last.startswith(("error: ", "stopped: "))
    return last


def test_what_nobody_says_is_the_algorithms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ALGORITHMS, "tiny", replace(ALGORITHMS["tiny"], randomise=0.25))
    trained = train(task(budget_s=1000.0), tmp_path)
    assert read_bundle(trained.bundle).training["randomise"] == 0.25


def test_it_writes_a_bundle_that_plays_as_it_says(tmp_path: Path) -> None:
    trained = train(task(randomise=0.5, budget_s=1000.0), tmp_path)
    assert trained.steps == CONFIG.total_steps
    bundle = read_bundle(trained.bundle)
    assert bundle.training["algorithm"] == "tiny"
    assert bundle.training["randomise"] == 0.5
    assert bundle.physics == task().physics.values
    assert {"jax", "numpy", "mujoco", "dacapo"} <= set(bundle.versions)
    assert bundle.residual
    model = nominal_model(RIG)
    policy = load_policy(str(trained.bundle), model, three_notes())
    np.testing.assert_array_equal(policy.start, bad_plan().start)
    assert trained.scores.episodes == 5


def test_steps_bound_a_training_instead_of_seconds(tmp_path: Path) -> None:
    trained = train(task(total_steps=48, budget_s=math.inf), tmp_path)
    assert trained.steps == 48
    assert read_bundle(trained.bundle).training["hyper_parameters"]["total_steps"] == 48  # type: ignore[index, call-overload]  # JSON


def test_a_training_begins_where_its_bundle_ended(tmp_path: Path) -> None:
    first = read_bundle(train(task(budget_s=1000.0, seed=1), tmp_path / "first").bundle)
    warm = tmp_path / "first" / "three.npz"
    begun = train(task(total_steps=0, warm_start=warm, budget_s=math.inf), tmp_path / "begun")
    bundle = read_bundle(begun.bundle)
    for mine, theirs in zip(bundle.layers, first.layers, strict=True):
        np.testing.assert_array_equal(mine[0], theirs[0])
        np.testing.assert_array_equal(mine[1], theirs[1])
    np.testing.assert_array_equal(bundle.mean, first.mean)
    np.testing.assert_array_equal(bundle.std, first.std)
    learned = train(task(total_steps=48, warm_start=warm, budget_s=math.inf), tmp_path / "more")
    assert learned.steps == 48
    with pytest.raises(TrainingError, match="another warm_start_sha256"):
        train(task(total_steps=48, budget_s=math.inf), tmp_path / "more")


def test_a_bundle_of_other_layers_or_another_algorithm_is_no_beginning(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    write_bundle(untrained_bundle(nominal_model(RIG), three_notes(), bad_plan(), (4,)), path)
    with pytest.raises(TrainingError, match="has other layers"):
        train(task(warm_start=path), tmp_path / "tiny")
    with pytest.raises(TrainingError, match="only residual-ppo and ppo"):
        train(task(algorithm="residual-droq", warm_start=path), tmp_path / "droq")


def test_a_song_that_changed_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    train(task(budget_s=1000.0), tmp_path)
    keys = np.roll(three_notes().keys, 1, axis=0)
    with pytest.raises(TrainingError, match="another goals_sha256"):
        train(task(goals=replace(three_notes(), keys=keys), budget_s=1000.0), tmp_path)


def test_json_and_then_the_same_command_again(
    song: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", song, "--algorithm", "tiny", "--out", str(tmp_path), "--json"]
    assert main(command) == 0
    result = json.loads(capsys.readouterr().out)[song]
    assert set(result) == {"bundle", "algorithm", "steps", "wall_s", "frame_f1", "note_f1_50ms"}
    folder = tmp_path / f"{RIG}-three-tiny-0"
    assert result["bundle"] == str(folder / "three.npz")
    assert result["frame_f1"] > 0.9
    assert (folder / "learning_curve.png").is_file()
    assert main(command) == 0
    again = json.loads(capsys.readouterr().out)[song]
    assert {k: again[k] for k in again if k != "wall_s"} == {
        k: result[k] for k in result if k != "wall_s"
    }


@pytest.mark.parametrize("width", [None, "0.5"])
def test_with_intervals_it_trains_within_them(song: str, width: str | None, tmp_path: Path) -> None:
    """And leads the delay; a width that is asked for wins."""
    fitted, out = tmp_path / "fitted.yaml", tmp_path / "out"
    values = PhysicsParameters.nominal(load_rig(RIG)).with_values(command_delay_s=0.03)
    write_parameters(values, fitted, {"command_delay_s": (0.027, 0.033)})
    asked = [] if width is None else ["--randomise", width]
    known = ["--params", str(fitted), "--algorithm", "tiny"]
    command = ["train", song, *known, "--out", str(out), *asked]
    assert main(command) == 0
    (folder,) = out.iterdir()
    config = json.loads((folder / "config.json").read_text())
    assert config["physics"]["command_delay_s"] == 0.03
    assert config["ranges"] == ({} if width else {"command_delay_s": [0.027, 0.033]})
    (bundle,) = folder.glob("three*.npz")
    policy = load_policy(str(bundle), nominal_model(RIG), three_notes())
    assert known_delay_s(policy, nominal_model(RIG)) == 0.03


def test_stopping_it_says_how_to_go_on(
    song: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reference, "make_plan", lambda *_, **__: bad_plan())
    monkeypatch.setattr(reference, "GOOD_F1", 0.0)
    monkeypatch.setattr(dacapo.train, "_describe", interrupt)
    arguments = [song, "--algorithm", "tiny", "--out", str(tmp_path)]
    message = complaint(capsys, *arguments)
    assert message.startswith("stopped: the same command goes on from the last exam in ")
    folder = tmp_path / f"{RIG}-three-tiny-0"
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoint.msgpack",
        "config.json",
        "learning_curve.png",
        "tensorboard",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ode_to_joi"], "ode_to_joy"),
        (["ode_to_joy", "--algorithm", "residual-pp"], "did you mean residual-ppo"),
        (["ode_to_joy", "--algorithm", "x"], "there are residual-ppo"),
        (["ode_to_joy", "--budget-s", "0.5"], "too short: give at least 5"),
        (["ode_to_joy", "--params", "no.yaml"], "no.yaml"),
        (["ode_to_joy", "--rig", "leap_rail_94"], "leap_rail_49"),
        (["ode_to_joy", "--chunks", "1.25"], "--chunks is for two hands"),
    ],
)
def test_what_cannot_be_trained(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in complaint(capsys, *arguments, "--out", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_parameter_that_does_not_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    params = tmp_path / "params.yaml"
    params.write_text(f"schema: 1\nrig: {RIG}\nvalues: {{key_stifness_nm_per_rad: 1.0}}\n")
    message = complaint(capsys, "ode_to_joy", "--params", str(params))
    assert "key_stiffness_nm_per_rad" in message


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    message = complaint(capsys, "ode_to_joy", "--out", str(tmp_path / "file" / "runs"))
    assert "cannot write into" in message


def test_a_missing_extra_comes_with_its_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(EXTRAS, "train", ("numpy", "no_such_package"))
    message = complaint(capsys, "ode_to_joy")
    assert "no_such_package" in message
    assert "pip install -e '.[train]'" in message


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seed", "-1"],
        ["--budget-s", "soon"],
        ["--randomise", "-1"],
        ["--without", "fear"],
        ["--reward", "praise"],
    ],
)
def test_bad_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["train", "ode_to_joy", *arguments])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("usage: dacapo train")

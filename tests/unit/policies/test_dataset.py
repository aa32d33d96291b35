"""Datasets: built, killed, continued, refused, read by a plain ``zarr.open``."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import zarr
from numpy.typing import NDArray

from dacapo.__main__ import main
from policies.dataset import (
    Built,
    OpenLoop,
    Settings,
    Status,
    build,
    choose_player,
    draw_stats,
    load_chunks,
    open_store,
    open_workers,
    read_stats,
)
from policies.dataset.lock import hold
from policies.dataset.player import PolicyPlayer
from policies.dataset.rollouts import Order, play
from policies.dataset.store import CODE
from policies.errors import DatasetError
from policies.evaluation import evaluate
from policies.planner import make_plan
from policies.planner.pair import PairPlanParameters, make_pair_plan
from score import DaCapoError, Goals, Note, Score, frame_scores, write_midi
from sim.pair import PairEnvironment, build_pair, load_pair
from sim.pair.playable import build_playable_pair
from tests.unit.policies.pair_planning import PHRASE, pair_goals

RIG = "shadow_pair_88"
N = 3


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


def make(path: Path, song: Path, settings: Settings) -> Built:
    with open_workers(1) as perform:
        return build(path, [str(song)], settings, perform, lambda status: None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, song: Path, settings: Settings) -> Path:
    path = tmp_path_factory.mktemp("whole") / "whole.zarr"
    built = make(path, song, settings)
    assert (built.chunks, built.found, built.made) == (1, 0, N)
    return path


@pytest.fixture
def copy(tmp_path: Path, whole: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy.zarr"))


def opened(path: Path) -> Any:  # noqa: ANN401  # Zarr types what is inside too widely
    """As anybody would, without this project."""
    return zarr.open(path, mode="r")


def content(path: Path) -> dict[str, bytes]:
    return {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}


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
    path = tmp_path / "whole.zarr"
    with open_workers(2) as perform:
        build(path, [str(song)], replace(settings, rollouts=2), perform, lambda status: None)
    alone = tmp_path / "alone" / "whole.zarr"
    alone.parent.mkdir()
    make(alone, song, replace(settings, rollouts=2))
    assert content(path) == content(alone)


KILLED = """
import os, signal, sys
from pathlib import Path
from policies.dataset import Settings, build, chunk_store as store, choose_player, open_workers

written = store.ChunkStore.write
def write(self, index, rollout):
    if index == 1:  # half of this one
        for name in store.ARRAYS[:4]:
            self._arrays[name][index] = rollout.arrays[name]
        os.kill(os.getpid(), signal.SIGKILL)
    written(self, index, rollout)

store.ChunkStore.write = write
path, song, given = map(Path, sys.argv[1:])
settings = Settings("shadow_pair_88", choose_player, given, 3, noise=0.01, stretch=1.0, seed=3)
with open_workers(1) as perform:
    build(path, [str(song)], settings, perform, lambda status: None)
"""


def test_goes_on_after_a_kill(tmp_path: Path, song: Path, whole: Path, settings: Settings) -> None:
    path = tmp_path / "whole.zarr"
    command = [sys.executable, "-c", KILLED, str(path), str(song), str(settings.given)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    f1 = opened(path)["short_0"]["f1"][:]
    assert np.isnan(f1).tolist() == [False, True, True]
    assert make(path, song, settings).found == 1
    assert content(path) == content(whole)


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
    for name in lost:
        path = copy / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert make(copy, song, settings).made == N
    ours, theirs = content(copy), content(whole)
    assert ours.pop("README.md") != theirs.pop("README.md")  # it has the folder's name
    assert ours == theirs


def test_refuses_a_truncated_store(copy: Path, song: Path, settings: Settings) -> None:
    file = copy / "short_0" / "hand_joints" / "1.0.0"
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(DatasetError, match="'hand_joints' is cut off or damaged"):
        make(copy, song, settings)
    file.unlink()
    with pytest.raises(DatasetError, match="'hand_joints' is cut off or damaged"):
        make(copy, song, settings)
    (copy / ".zattrs").write_bytes(b"{")
    with pytest.raises(DatasetError):
        open_store(copy)


def test_refuses_other_settings(copy: Path, song: Path, settings: Settings) -> None:
    other = replace(settings, rig="shadow_pair_88_four_fingers")
    with pytest.raises(DatasetError, match="made with rig shadow_pair_88, asked for is"):
        make(copy, song, other)
    with pytest.raises(DatasetError, match="seed"):
        make(copy, song, replace(settings, seed=4))


def test_refuses_other_targets(copy: Path, song: Path, settings: Settings, tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", targets=np.ones((10, 39)))
    with pytest.raises(DatasetError, match="short_0: made by another policy"):
        make(copy, song, replace(settings, given=tmp_path / "other.npz"))
    other = tmp_path / song.name
    write_midi(Score("short", (Note(61, 0.0, 0.2), Note(64, 0.25, 0.45))), other)
    with pytest.raises(DatasetError, match="short_0: made of another song"):
        make(copy, other, settings)


def test_refuses_a_folder_of_something_else(tmp_path: Path, song: Path, settings: Settings) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(DatasetError, match="not empty"):
        make(tmp_path, song, settings)
    assert (tmp_path / "diary.txt").exists()


@pytest.mark.parametrize("targets", [np.zeros((2, 39)), np.full((10, 39), np.nan)])
def test_refuses_targets_that_do_not_fit(
    tmp_path: Path, song: Path, settings: Settings, targets: NDArray[np.float64]
) -> None:
    given = tmp_path / "bad.npz"
    np.savez(given, targets=targets)
    built = make(tmp_path / "out.zarr", song, replace(settings, given=given))
    assert built.made == 0
    assert "bad.npz" in built.left_out["short_0"]
    assert not (tmp_path / "out.zarr" / "short_0").exists()


def test_a_chunk_without_a_player_stops_no_other(
    tmp_path: Path, song: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    given, bad, out = tmp_path / "given", tmp_path / "bad.mid", tmp_path / "a.zarr"
    given.mkdir()
    shutil.copy(song, bad)
    shutil.copy(str(settings.given), given / "short_0.npz")
    words = ["dataset", "build", str(bad), str(song), "--policy", str(given), "--out", str(out)]
    words += ["--rollouts", "1", "--stretch", "1", "--workers", "1", "--json"]
    assert main(words) == 1  # before anything is played
    assert "bad_0.npz: no such file" in capsys.readouterr().err
    assert not out.exists()
    (given / "bad_0.npz").write_bytes(b"bad")
    assert main(words) == 1
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (document["rollouts_made"], list(document["left_out"])) == (1, ["bad_0"])
    assert printed.err.count("\n") == 1
    assert "left out 1 of 2 chunks: bad_0: " in printed.err
    shutil.copy(given / "short_0.npz", given / "bad_0.npz")
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["rollouts_made"] == 1


def explode(goals: Goals, rig: str, given: Path | None) -> OpenLoop:
    """A player that leaves the hands with numbers that MuJoCo does not bear."""

    class Exploding(OpenLoop):
        def act(self, environment: PairEnvironment, step: int) -> NDArray[np.float64]:
            environment.data.qvel[:] = np.inf if step == 2 else 0.0
            return super().act(environment, step)

    model = build_pair(load_pair(rig))
    still = np.zeros((goals.n_steps, len(model.action_names)))
    return Exploding(still, np.zeros(len(model.joint_names)))


def test_bad_numbers_are_no_rollout(
    tmp_path: Path, song: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # MuJoCo writes a log there
    built = make(tmp_path / "a.zarr", song, replace(settings, make_player=explode))
    assert built.made == 0
    assert "short_0, rollout 0: MuJoCo warned (mjWARN_BADQVEL)" in built.left_out["short_0"]


def test_one_build_at_a_time(copy: Path, song: Path, settings: Settings) -> None:
    with hold(copy), pytest.raises(DatasetError, match="another build writes there"):
        make(copy, song, settings)
    assert make(copy, song, settings).found == N


def test_refuses_other_code(copy: Path, song: Path, settings: Settings) -> None:
    attributes = copy / ".zattrs"
    content = json.loads(attributes.read_text())
    attributes.write_text(json.dumps(content | {CODE: "0" * 64}))
    with pytest.raises(DatasetError, match="begun with other code of planner, players or hands"):
        make(copy, song, settings)


def test_draws_its_statistics(whole: Path) -> None:
    (stats,) = read_stats(open_store(whole))
    assert (stats.name, stats.active_keys, len(stats.f1)) == ("short_0", 2, N)
    assert stats.presses.sum() == 2
    assert draw_stats([stats]).startswith(b"\x89PNG")


def test_a_cluster_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DaCapoError, match="RAY_ADDRESS is set"), open_workers(0):
        pass


def test_a_cluster_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    with pytest.raises(DaCapoError, match="no Ray cluster at 127"), open_workers(0):
        pass


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


def test_a_plan_sees_what_it_saw_in_its_own_simulator(song: Path) -> None:
    """Played in `PairEnvironment`, a plan is heard as in the environment it was made in."""
    (chunk,) = load_chunks([str(song)], 1.0)
    model = build_playable_pair(load_pair(RIG))
    plan = make_plan(chunk.goals, model)
    player = PolicyPlayer(plan, model.pair)
    environment = PairEnvironment(model.pair, chunk.goals, player.start)
    environment.reset()
    player.reset(np.random.default_rng(0))
    heard = np.zeros_like(chunk.goals.keys)
    for step in range(chunk.goals.n_steps):
        environment.step(player.act(environment, step))
        heard[step] = environment.sounding
    expected = evaluate(plan, model, chunk.goals, 1).frame_f1
    assert frame_scores(chunk.goals.keys, heard).f1 == pytest.approx(expected, abs=1e-9)


def test_without_noise_the_planner_plays_as_rehearsed() -> None:
    """Changing ways as the rehearsal did: one way alone makes mistakes here."""
    goals, model = pair_goals(PHRASE[:5]), build_playable_pair(load_pair(RIG))
    one = replace(PairPlanParameters(), ways=1)
    assert make_pair_plan(goals, model, one).frame_f1 < 1.0
    assert play(Order(goals, "0", RIG, None, choose_player, noise=0.0, seed=0), 0).f1 == 1.0


def test_the_planner_answers_to_noise(song: Path) -> None:
    """Its rollouts are not one performance with noise on it."""
    (chunk,) = load_chunks([str(song)], 1.0)
    order = Order(chunk.goals, "0", RIG, None, choose_player, noise=0.01, seed=0)
    first, second = (play(order, index) for index in range(2))
    answers = first.arrays["wanted_actions"] - second.arrays["wanted_actions"]
    assert np.abs(answers[1:]).max() > 0.01
    assert min(first.f1, second.f1) > 0.8

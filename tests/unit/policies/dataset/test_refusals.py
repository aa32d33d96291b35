"""What no dataset is made of, and what of a store is refused."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from numpy.typing import NDArray

from dacapo.__main__ import main
from policies.dataset import (
    OpenLoop,
    Settings,
    open_store,
    open_workers,
)
from policies.dataset.chunk_store import ARRAYS, F1
from policies.dataset.store import CODE
from policies.errors import DatasetError
from score import DaCapoError, Goals, Note, Score, write_midi
from sim.pair import PairEnvironment, build_pair, load_pair
from tests.unit.policies.dataset.making import N, content, make, opened


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


def test_one_damaged_rollout_costs_no_other(copy: Path, song: Path, settings: Settings) -> None:
    """What the refusal says to do brings back the very same dataset."""
    before = rollouts_in(copy)
    (copy / "short_0" / "actions" / "1.0.0").write_bytes(b"cut")
    with pytest.raises(DatasetError, match=r"delete \S+/f1/1 and build the dataset again"):
        make(copy, song, settings)
    (copy / "short_0" / F1 / "1").unlink()
    assert make(copy, song, settings).made == 1
    assert rollouts_in(copy) == before


def test_a_disk_that_fails_is_no_damage(copy: Path, song: Path, settings: Settings) -> None:
    file = copy / "short_0" / "actions" / "1.0.0"
    file.unlink()
    file.symlink_to("/proc/self/mem")  # there, but its first byte cannot be read
    with pytest.raises(DatasetError, match="Input/output error: it may be whole"):
        make(copy, song, settings)


@pytest.mark.parametrize("lost", [".zattrs", "short_0/.zattrs"])
def test_lost_attributes_are_not_another_song(
    lost: str, copy: Path, song: Path, settings: Settings
) -> None:
    (copy / lost).unlink()
    with pytest.raises(DatasetError, match=r"bring its .zattrs back|short_0: cut off or damaged"):
        make(copy, song, settings)
    with pytest.raises(DatasetError, match=r"bring its .zattrs back|short_0: cut off or damaged"):
        list(open_store(copy).chunks())


def test_rollouts_that_lost_a_file_are_left_where_they_are(
    copy: Path, song: Path, settings: Settings
) -> None:
    """Nothing of a chunk is made after F1's own file, but one without it is no half-made chunk."""
    before = content(copy)
    (copy / "short_0" / F1 / ".zarray").unlink()
    for use in (lambda: make(copy, song, settings), lambda: list(open_store(copy).chunks())):
        with pytest.raises(DatasetError, match=r"short_0: cut off or damaged: delete it"):
            use()
    assert len(content(copy)) == len(before) - 1


@settings_of_hypothesis(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_is_damaged_is_mended_or_refused(
    data: st.DataObject, copy: Path, song: Path, settings: Settings
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        damaged = Path(folder) / "a.zarr"
        shutil.copytree(copy, damaged)
        name = data.draw(st.sampled_from(sorted(content(damaged))))
        _damage(damaged / name, data.draw(st.sampled_from(DAMAGES)))
        refusal = _refusal(damaged, song, settings)
        assert len(refusal.splitlines()) <= 1
        assert str(damaged) in refusal or rollouts_in(damaged) == rollouts_in(copy)


def rollouts_in(path: Path) -> dict[str, bytes]:
    """All arrays of the one chunk."""
    return {name: opened(path)["short_0"][name][:].tobytes() for name in (*ARRAYS, F1)}


def _refusal(path: Path, song: Path, settings: Settings) -> str:
    """What is said of a store when it is read and built on; nothing if it can be."""
    try:
        for chunk in open_store(path).chunks():
            chunk.check()
        make(path, song, settings)
    except DatasetError as error:
        return str(error)
    return ""


DAMAGES = (None, b"", b"{", b"[]", b"null")


def _damage(file: Path, content: bytes | None) -> None:
    """Write something else into a file, or delete it."""
    file.unlink()
    if content is not None:
        file.write_bytes(content)


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


def test_refuses_other_code(copy: Path, song: Path, settings: Settings) -> None:
    attributes = copy / ".zattrs"
    content = json.loads(attributes.read_text())
    attributes.write_text(json.dumps(content | {CODE: "0" * 64}))
    with pytest.raises(DatasetError, match="begun with other code of planner, players or hands"):
        make(copy, song, settings)


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


class Exploding(OpenLoop):
    """Leaves the last of so many hands or more with numbers that MuJoCo does not bear."""

    def __init__(self, goals: Goals, rig: str, at_least: int) -> None:
        model = build_pair(load_pair(rig))
        still = np.zeros((goals.n_steps, len(model.action_names)))
        super().__init__(still, np.zeros(len(model.joint_names)))
        self._at_least = at_least

    def act(self, environments: Sequence[PairEnvironment], step: int) -> NDArray[np.float64]:
        if step == 2 and len(environments) >= self._at_least:
            environments[-1].data.qvel[:] = np.inf
        return super().act(environments, step)


def explode(goals: Goals, rig: str, given: Path | None) -> OpenLoop:
    return Exploding(goals, rig, 1)


def explode_at_first(goals: Goals, rig: str, given: Path | None) -> OpenLoop:
    """Of three side by side the last one; not when it is played again, alone."""
    return Exploding(goals, rig, 2)


def test_bad_numbers_are_no_rollout(
    tmp_path: Path, song: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # MuJoCo writes a log there
    built = make(tmp_path / "a.zarr", song, replace(settings, make_player=explode))
    assert built.made == 0
    assert "short_0, rollout 2: MuJoCo warned 3 times" in built.left_out["short_0"]


def test_a_rollout_with_bad_numbers_is_drawn_anew(
    tmp_path: Path, song: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.zarr", "b.zarr"):
        built = make(tmp_path / name, song, replace(settings, make_player=explode_at_first))
        assert (built.made, built.left_out) == (N, {})
    actions = [opened(tmp_path / name)["short_0"]["actions"][:] for name in ("a.zarr", "b.zarr")]
    np.testing.assert_array_equal(*actions)


def test_copies_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "build", "ode_to_joy", "--noise", "0", "--rollouts", "2"]) == 2
    assert "all rollouts of a chunk are alike" in capsys.readouterr().err


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

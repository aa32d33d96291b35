"""Run folders: nobody ever sees half of a result."""

from pathlib import Path

import pytest

from policies import PolicyError
from policies.run_folder import RunFolder


def visible(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if not path.name.startswith(".")]


def test_a_run_appears_whole(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "runs", "ode_to_joy")
    (run.partial / "performance.json").write_text("{}")
    assert visible(tmp_path / "runs") == []
    path = run.finish()
    assert path.name.endswith("-ode_to_joy")
    assert (path / "performance.json").exists()
    assert not run.partial.exists()


def test_a_discarded_run_leaves_nothing(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "ode_to_joy")
    (run.partial / "recording").mkdir()
    (run.partial / "recording" / "part").write_text("half")
    run.discard()
    run.discard()
    assert list(tmp_path.iterdir()) == []


def test_one_thing_of_a_failed_run_can_be_kept(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "ode_to_joy")
    (run.partial / "trace.npz").write_text("half")
    assert run.keep("recording") is None
    (run.partial / "recording").mkdir()
    (run.partial / "recording" / "part").write_text("half")
    kept = run.keep("recording")
    assert kept == tmp_path / f"{run.path.name}-failed"
    assert [path.name for path in tmp_path.rglob("*")] == [kept.name, "recording", "part"]


def test_two_runs_in_one_second_do_not_meet(tmp_path: Path) -> None:
    runs = [RunFolder.create(tmp_path, "/music/a song.mid") for _ in range(5)]
    assert len({run.path for run in runs}) == 5
    assert all("-a song" in run.finish().name for run in runs)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PolicyError, match=r"cannot write results into .*/file"):
        RunFolder.create(tmp_path / "file", "ode_to_joy")


def test_a_song_of_the_corpus_keeps_its_number(tmp_path: Path) -> None:
    assert RunFolder.create(tmp_path, "bach/bwv3.6").path.name.endswith("-bach_bwv3.6")

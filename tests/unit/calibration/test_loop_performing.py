"""Performances of the loop are kept, found again, and refused where the rig has changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from calibration.loop import LoopError, Order, Place, Setup, virtual_place
from calibration.loop.performing import Stand
from calibration.loop.state import State
from calibration.loop.summary import mean_of, scores_of
from calibration.recordings import read_recording
from calibration.recordings.folders import amend_metadata
from calibration.recordings.repair import INCOMPLETE
from policies.performer import Progress
from score import Note, Score, write_midi
from tests.unit.playing import nominal_model

MODEL = nominal_model("leap_rail_49")
NAME = "round-1/plays/two-1"


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("songs") / "two.mid"
    write_midi(Score("two", (Note(60, 0.0, 0.4), Note(64, 0.5, 0.9)), ()), path)
    return str(path)


@pytest.fixture(scope="module")
def played(song: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loop's folder with one performance, and the facts of it."""
    folder = tmp_path_factory.mktemp("loop")
    with State(folder, {}, resume=False) as state:
        stand(virtual_place("slow-line", MODEL), state).perform(NAME, song, "planner", 3)
    return folder


@pytest.fixture
def folder(played: Path, tmp_path: Path) -> Path:
    shutil.copytree(played, tmp_path / "loop")
    return tmp_path / "loop"


@pytest.fixture
def state(folder: Path) -> Iterator[State]:
    """Of a loop that was killed before it noted its performance."""
    (folder / "state.json").unlink()
    with State(folder, {}, resume=True) as state:
        yield state


def stand(place: Place, state: State) -> Stand:
    return Stand(place, MODEL.rig, state, place.fingerprint(), lambda _: None)


def place(play: Callable[[Order, object], None], fingerprint: str = "same") -> Place:
    def played(order: Order, report: Callable[[Progress], None]) -> None:
        play(order, report)

    return Place("real", played, lambda: fingerprint)


def test_a_performance_tells_its_scores_and_its_robot_time(played: Path) -> None:
    with State(played, {}, resume=True) as state:
        silent = place(lambda *_: pytest.fail("played twice"))
        facts = stand(silent, state).perform(NAME, "two", "planner", 3)
    recording = read_recording(played / facts["recording"])
    assert facts["robot_time_s"] == pytest.approx(recording.duration_s, abs=1e-3)
    assert recording.provenance.seed == 3
    assert recording.performance is not None
    assert facts["frame_f1"] == recording.performance.frame.f1


def test_a_whole_run_that_was_not_noted_is_not_played_again(state: State) -> None:
    silent = place(lambda *_: pytest.fail("played twice"))
    assert stand(silent, state).perform(NAME, "two", "planner", 3)["note_f1_50ms"] > 0.0


def test_half_a_run_is_played_again(state: State, song: str) -> None:
    out = state.folder / NAME
    run = next(out.iterdir())
    run.rename(out / f".{run.name}.partial")
    again = stand(virtual_place("slow-line", MODEL), state)
    facts = again.perform(NAME, song, "planner", 3)
    assert [path.name for path in out.iterdir()] == [Path(facts["recording"]).parent.name]


def test_what_a_failed_performance_left_is_kept(state: State, song: str) -> None:
    out = state.folder / NAME
    run = next(out.iterdir())
    failed = run.rename(run.with_name(f"{run.name}-failed"))
    (failed / "performance.json").unlink()
    stand(virtual_place("slow-line", MODEL), state).perform(NAME, song, "planner", 3)
    assert (failed / "recording" / "metadata.yaml").is_file()


def broken(run: Path) -> None:
    """As one that had to be repaired."""
    amend_metadata(run / "recording", {INCOMPLETE: "its end is missing"})


def cut(run: Path) -> None:
    for path in (run / "recording").iterdir():
        path.write_bytes(b"")


@pytest.mark.parametrize(("spoil", "reason"), [(broken, "its end is missing"), (cut, "recording")])
def test_an_invalid_run_is_set_aside_and_played_again(
    spoil: Callable[[Path], None], reason: str, state: State, song: str
) -> None:
    run = next((state.folder / NAME).iterdir())
    spoil(run)
    silent = place(lambda *_: pytest.fail("played before it was said"))
    with pytest.raises(LoopError, match=rf"cannot be learned from: .*{reason}.*--resume plays"):
        stand(silent, state).perform(NAME, song, "planner", 3)
    assert NAME not in state
    assert (run.parent / "invalid" / run.name / "performance.json").is_file()
    facts = stand(virtual_place("slow-line", MODEL), state).perform(NAME, song, "planner", 3)
    assert "invalid" not in facts["recording"]


def test_who_must_sound_and_was_not_heard_is_refused(
    state: State, song: str, tmp_path: Path
) -> None:
    """A song that was never hit is none of those: it is marked."""
    shutil.rmtree(state.folder / NAME)
    world = tmp_path / "low.yaml"
    world.write_text("schema: 1\nname: low\nkeyboard: {offset_m: [0.0, 0.0, -0.01]}\n")
    low = stand(virtual_place(str(world), MODEL), state)
    assert low.perform(NAME, song, "planner", 0)["note_f1_100ms"] == 0.0
    with pytest.raises(LoopError, match="the keyboard was not heard"):
        low.perform("excitation/plays/excitation-1", song, "planner", 0, must_sound=True)


def test_who_must_sound_and_was_heard_too_little_is_refused(state: State, song: str) -> None:
    """Or every fit would refuse it, whatever is resumed."""
    short = stand(virtual_place("slow-line", MODEL), state)
    with pytest.raises(LoopError, match=r"at least 2 are needed.*--resume plays it again"):
        short.perform("excitation/plays/excitation-1", song, "planner", 0, must_sound=True)


def test_a_place_that_changed_is_refused(state: State, song: str) -> None:
    shutil.rmtree(state.folder / NAME)
    silent = place(lambda *_: pytest.fail("played"))
    changed = Stand(silent, MODEL.rig, state, "another", lambda _: None)
    with pytest.raises(LoopError, match="changed since the loop"):
        changed.perform(NAME, song, "planner", 3)


def test_a_player_that_leaves_nothing_is_an_error(state: State, song: str) -> None:
    shutil.rmtree(state.folder / NAME)
    with pytest.raises(LoopError, match="has no run although"):
        stand(place(lambda *_: None), state).perform(NAME, song, "planner", 3)


def test_the_same_song_twice_is_refused(song: str) -> None:
    somewhere = place(lambda *_: None)
    with pytest.raises(LoopError, match="two songs are named 'two'"):
        Setup.of([song, song], "leap_rail_49", somewhere)


def test_what_shapes_a_loop_tells_songs_and_places_apart(song: str) -> None:
    somewhere, elsewhere = (place(lambda *_: None, mark) for mark in "ab")
    facts = Setup.of([song], "leap_rail_49", somewhere).facts()
    assert facts == Setup.of([song], "leap_rail_49", somewhere).facts()
    assert facts != Setup.of([song], "leap_rail_49", elsewhere).facts()
    assert facts != Setup.of(["ode_to_joy"], "leap_rail_49", somewhere).facts()


def test_songs_count_the_same_however_often_they_were_played() -> None:
    def facts(f1: float) -> dict[str, object]:
        return {
            "frame_f1": f1,
            "note_f1_50ms": f1,
            "note_f1_100ms": f1,
            "wrong_keys": 0,
            "onset_error_ms": None,
        }

    played = {"a": [facts(1.0), facts(1.0)], "b": [facts(0.0)]}
    assert mean_of(played, "frame_f1") == 0.5
    scores = scores_of(played)
    assert scores["songs"]["a"]["f1"] == [1.0, 1.0]
    assert [scores["songs"][song]["never_hit"] for song in "ab"] == [False, True]

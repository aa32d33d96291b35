"""Songs that are trained side by side: the same policies as one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from calibration.loop import Setup, virtual_place
from calibration.loop.knowledge import Knowledge
from calibration.loop.lessons import train_all
from calibration.loop.progress import Progress
from calibration.loop.state import State
from calibration.loop.training import Lesson, train_song
from policies.bundle import read_bundle
from policies.errors import PolicyError
from policies.learning.loop import Progress as Learned
from policies.processes import open_processes
from score import Note, Score, write_midi
from sim import build_model, load_rig

RIG = "leap_rail_49"
KNOWN = Knowledge.read(None, load_rig(RIG))


@pytest.fixture(autouse=True)
def _compile_quickly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the processes that songs are trained in, too."""
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "compiled"))
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    monkeypatch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    """Of two songs of two notes."""
    songs = []
    for name, pitches in (("up", (60, 64)), ("down", (64, 60))):
        notes = (Note(pitches[0], 0.0, 0.4), Note(pitches[1], 0.5, 0.9))
        songs.append(tmp_path_factory.mktemp("songs") / f"{name}.mid")
        write_midi(Score(name, notes, ()), songs[-1])
    place = virtual_place("workshop-a", build_model(load_rig(RIG)))
    return Setup.of([str(song) for song in songs], RIG, place)


@pytest.fixture
def state(setup: Setup, tmp_path: Path) -> Iterator[State]:
    with State(tmp_path / "loop", setup.facts(), resume=False) as state:
        yield state


def _ignore(progress: Learned) -> None:
    pass


def test_they_are_those_trained_alone(setup: Setup, state: State, tmp_path: Path) -> None:
    lessons = [Lesson(song, KNOWN, steps=1) for song in setup.songs]
    told: list[Progress] = []
    bundles = train_all(state, "round-1", lessons, told.append)
    assert list(bundles) == ["up", "down"]
    assert {progress.step for progress in told} == {"train 2 songs"}
    with open_processes(1) as pool:  # other tests tell JAX here to optimise less
        alone = pool.submit(train_song, lessons[1], tmp_path / "alone", _ignore).result()
    ours, theirs = read_bundle(bundles["down"]), read_bundle(alone)
    for (kernel, bias), (their_kernel, their_bias) in zip(ours.layers, theirs.layers, strict=True):
        np.testing.assert_array_equal(kernel, their_kernel)
        np.testing.assert_array_equal(bias, their_bias)
    assert ours.scores == theirs.scores


def test_what_is_trained_stays(setup: Setup, state: State) -> None:
    lessons = [Lesson(song, KNOWN, steps=1) for song in setup.songs]
    for song in setup.songs:
        state.once(f"round-1/train/{song.name}", lambda: {"bundle": "somewhere.npz"})
    assert set(train_all(state, "round-1", lessons, lambda _: None).values()) == {
        state.folder / "somewhere.npz"
    }


def test_one_that_fails_ends_all(setup: Setup, state: State) -> None:
    broken = state.folder / "broken.npz"
    broken.write_bytes(b"no bundle")
    lessons = [Lesson(song, KNOWN, steps=1, warm_start=broken) for song in setup.songs]
    with pytest.raises(PolicyError, match=r"broken\.npz"):
        train_all(state, "round-1", lessons, lambda _: None)

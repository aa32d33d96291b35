"""Splits of songs: what they hold, and what is refused."""

from __future__ import annotations

import json
import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from policies.dataset import open_store
from policies.dataset.chunks import CHUNK_STEPS
from policies.errors import DatasetError
from policies.imitation import songs
from policies.imitation.data import Rollouts, read_dataset
from policies.imitation.errors import SplitError
from policies.imitation.songs import load_songs
from policies.imitation.split import CORPUS_SPLIT, DEVELOPMENT_SPLIT, check_split, read_split
from score import load_song
from score.likeness import COPY_FROM, likeness
from score.robopianist import load_goals
from sim.pair import PairModel
from tests.learning.imitation.store import SPLIT


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("[hot_cross_buns, c_major_scale]", "[unheard]"), "has no song 'unheard'"),
        (("easy: []", "easy: [unheard]"), "neither dataset nor library"),
        (("easy: []", "easy: [hot_cross_buns]"), "twice"),
        (("hard: []", "hard: [ode_to_joy]"), "not hard by the split's rule"),
        (("hard: []", "harder: []"), "hard"),
        (("schema: 1", "schema: 2"), "schema"),
    ],
)
def test_a_wrong_split_is_named(
    change: tuple[str, str], complaint: str, store: Path, model: PairModel, tmp_path: Path
) -> None:
    path = tmp_path / "split.yaml"
    path.write_text(SPLIT.replace(*change))
    with pytest.raises(SplitError, match=complaint) as refusal:
        load_songs(store, read_split(path), model)
    assert len(str(refusal.value).splitlines()) == 1


def test_a_chunk_of_a_song_that_is_trained_on_is_not_unseen(
    store: Path, model: PairModel, tmp_path: Path
) -> None:
    copy, path = tmp_path / "parts.zarr", tmp_path / "split.yaml"
    shutil.copytree(store, copy)
    for name, group in (("hot_cross_buns", "buns_0"), ("c_major_scale", "buns_1")):
        (copy / name).rename(copy / group)
        (copy / group / ".zattrs").write_text(json.dumps({"song": "buns"}))
    split = SPLIT.replace("[hot_cross_buns, c_major_scale]", "[buns_0]")
    path.write_text(split.replace("easy: []", "easy: [buns_1]"))
    with pytest.raises(SplitError, match="'buns_1' is not unseen"):
        load_songs(copy, read_split(path), model)


def test_a_dataset_that_a_build_adds_to_is_refused(
    store: Path, model: PairModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run would else be of rollouts that it has not all seen."""
    copy, path = tmp_path / "growing.zarr", tmp_path / "split.yaml"
    shutil.copytree(store, copy)
    path.write_text(SPLIT)

    def read(*arguments: Any) -> dict[str, Rollouts]:  # noqa: ANN401
        rollouts = read_dataset(*arguments)
        for chunk in open_store(copy).chunks():
            chunk.make_room(3)
        return rollouts

    monkeypatch.setattr(songs, "read_dataset", read)
    with pytest.raises(DatasetError, match="a build is adding to it"):
        load_songs(copy, read_split(path), model)


@pytest.mark.parametrize("path", [CORPUS_SPLIT, DEVELOPMENT_SPLIT])
def test_the_shipped_splits_follow_their_rule(path: Path) -> None:
    split = read_split(path)
    assert len(split.train) >= 20
    assert min(len(split.easy), len(split.hard)) >= 5
    goals = {song: load_goals(song, stretch=1.25) for song in split.songs}
    assert all(goals[song].n_steps <= CHUNK_STEPS for song in split.train)
    check_split(split, goals)


def test_the_shipped_splits_have_no_copies() -> None:
    ours, other = (set(read_split(path).songs) for path in (CORPUS_SPLIT, DEVELOPMENT_SPLIT))
    assert ours & other == set(read_split(CORPUS_SPLIT).train)
    scores = [load_song(song) for song in sorted(ours | other)]
    assert max(likeness(*pair) for pair in combinations(scores, 2)) < COPY_FROM


def test_songs_that_were_not_recorded_are_in_the_tempo_of_the_dataset(
    store: Path, model: PairModel, tmp_path: Path
) -> None:
    copy, path = tmp_path / "slow.zarr", tmp_path / "split.yaml"
    shutil.copytree(store, copy)
    attributes = json.loads((copy / ".zattrs").read_text()) | {"stretch": 1.25}
    (copy / ".zattrs").write_text(json.dumps(attributes))
    path.write_text(SPLIT.replace("hard: []", "hard: [bach/bwv253]"))
    goals = load_songs(copy, read_split(path), model).goals["bach/bwv253"]
    assert goals.n_steps == load_goals("bach/bwv253", stretch=1.25).n_steps

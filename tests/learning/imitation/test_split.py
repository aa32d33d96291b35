"""Splits of songs: what they hold, and what is refused."""

from __future__ import annotations

import json
import shutil
from itertools import combinations
from pathlib import Path

import pytest

from policies.dataset.chunks import CHUNK_STEPS
from policies.imitation.errors import SplitError
from policies.imitation.songs import load_songs
from policies.imitation.split import CORPUS_SPLIT, LIBRARY_SPLIT, check_split, read_split
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


def test_the_shipped_split_follows_its_rule() -> None:
    split = read_split(LIBRARY_SPLIT)
    check_split(split, {song: load_goals(song) for song in split.songs})


def test_the_split_of_the_corpus_follows_its_rule() -> None:
    split = read_split(CORPUS_SPLIT)
    assert len(split.train) >= 20
    assert min(len(split.easy), len(split.hard)) >= 5
    goals = {song: load_goals(song, stretch=1.25) for song in split.songs}
    assert all(goals[song].n_steps <= CHUNK_STEPS for song in split.train)
    check_split(split, goals)


def test_the_split_of_the_corpus_has_no_copies() -> None:
    scores = [load_song(song) for song in read_split(CORPUS_SPLIT).songs]
    assert max(likeness(*pair) for pair in combinations(scores, 2)) < COPY_FROM


def test_songs_that_were_not_recorded_are_in_the_tempo_of_the_dataset(
    store: Path, model: PairModel, tmp_path: Path
) -> None:
    copy, path = tmp_path / "slow.zarr", tmp_path / "split.yaml"
    shutil.copytree(store, copy)
    attributes = json.loads((copy / ".zattrs").read_text()) | {"stretch": 1.25}
    (copy / ".zattrs").write_text(json.dumps(attributes))
    path.write_text(SPLIT.replace("hard: []", "hard: [bach/bwv253]"))
    goals = load_songs(copy, read_split(path), model).played["bach/bwv253"].goals
    assert goals.n_steps == load_goals("bach/bwv253", stretch=1.25).n_steps

"""Datasets as learners read them, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr

from policies.errors import DatasetError
from policies.imitation.data import dataset_digest, read_dataset
from policies.imitation.songs import Songs
from score import LOOKAHEAD
from score.robopianist import load_goals
from sim.pair import PairModel
from tests.learning.imitation.store import STEPS, STRETCH, TRAINED, write_store


def test_what_was_wanted_is_learned_not_the_noise(store: Path, model: PairModel) -> None:
    learned = read_dataset(store, model, TRAINED)[TRAINED[0]].actions
    wanted, done = (
        zarr.open_array(str(store / TRAINED[0] / name), mode="r")[:]
        for name in ("wanted_actions", "actions")
    )
    assert np.array_equal(learned, wanted)
    assert not np.array_equal(learned, done)


def test_the_digest_tells_a_dataset_that_grew(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "grown.zarr"
    shutil.copytree(store, copy)
    before = dataset_digest(store)
    assert dataset_digest(copy) == before
    f1 = zarr.open_array(str(copy / TRAINED[0] / "f1"), mode="r+")
    f1[1] = np.nan
    assert dataset_digest(copy) != before


def test_goals_that_differ_between_rollouts_are_refused(
    store: Path, model: PairModel, tmp_path: Path
) -> None:
    copy = tmp_path / "mixed.zarr"
    shutil.copytree(store, copy)
    goals = zarr.open_array(str(copy / TRAINED[0] / "goals"), mode="r+")
    goals[1, 3, 40] = 0.5
    with pytest.raises(DatasetError, match="goals differ between rollouts"):
        read_dataset(copy, model, TRAINED)


def test_goals_come_back_from_rollouts(songs: Songs) -> None:
    due, found = load_goals(TRAINED[0], stretch=STRETCH), songs.goals[TRAINED[0]]
    assert np.array_equal(found.keys, due.keys[:STEPS])
    observed = songs.rollouts[TRAINED[0]].goals
    for step in range(STEPS - LOOKAHEAD):  # later ones see notes that were not recorded
        assert np.array_equal(observed[step, :968], due.lookahead(step).ravel())


def test_rollouts_that_were_not_finished_are_left_out(
    store: Path, model: PairModel, tmp_path: Path
) -> None:
    copy = tmp_path / "begun.zarr"
    shutil.copytree(store, copy)
    f1 = zarr.open_array(str(copy / TRAINED[0] / "f1"), mode="r+")
    f1[1] = np.nan
    assert len(read_dataset(copy, model, TRAINED[:1])[TRAINED[0]].actions) == 1


def test_a_dataset_of_another_rig_is_refused(model: PairModel, tmp_path: Path) -> None:
    write_store(tmp_path / "other.zarr", model, rig_hash="0" * 64)
    with pytest.raises(DatasetError, match="not as it was"):
        read_dataset(tmp_path / "other.zarr", model, TRAINED)


@pytest.mark.parametrize("array", ["wanted_actions", "goals", "piano_states"])
def test_a_store_with_a_lost_chunk_is_refused(
    array: str, store: Path, model: PairModel, tmp_path: Path
) -> None:
    copy = tmp_path / "cut.zarr"
    shutil.copytree(store, copy)
    (copy / TRAINED[0] / array / "1.0.0").unlink()
    with pytest.raises(DatasetError, match=f"{TRAINED[0]}: its '{array}' is cut off"):
        read_dataset(copy, model, TRAINED)


def test_a_store_with_a_cut_chunk_is_refused(store: Path, model: PairModel, tmp_path: Path) -> None:
    copy = tmp_path / "cut.zarr"
    shutil.copytree(store, copy)
    chunk = copy / TRAINED[0] / "wanted_actions" / "0.0.0"
    chunk.write_bytes(b"")
    with pytest.raises(DatasetError, match="its 'wanted_actions' is cut off or damaged"):
        read_dataset(copy, model, TRAINED)


def test_no_store_is_one_line(model: PairModel, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        read_dataset(tmp_path / "none.zarr", model, TRAINED)


def test_a_song_of_one_chunk_is_found_by_its_own_name(
    store: Path, model: PairModel, tmp_path: Path
) -> None:
    copy = tmp_path / "corpus.zarr"
    shutil.copytree(store, copy)
    chunks = [copy / song for song in TRAINED]
    for index, chunk in enumerate(chunks):
        (chunk / ".zattrs").write_text(json.dumps({"song": "bach_bwv253", "chunk": index}))
    with pytest.raises(DatasetError, match="'bach/bwv253' is in several chunks"):
        read_dataset(copy, model, ["bach/bwv253"])
    shutil.rmtree(chunks[0])
    assert set(read_dataset(copy, model, ["bach/bwv253", "bach/bwv1.6"])) == {"bach/bwv253"}

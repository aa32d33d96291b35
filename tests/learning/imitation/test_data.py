"""Datasets as learners read them, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr

from policies.errors import DatasetError
from policies.imitation.data import read_dataset
from policies.imitation.songs import Songs
from policies.imitation.windows import Windows, fitted
from score import LOOKAHEAD
from score.robopianist import load_goals
from sim.pair import PairModel
from tests.learning.imitation.bundles import TINY
from tests.learning.imitation.store import STEPS, TRAINED, write_store


def test_windows_are_what_was_recorded(songs: Songs, model: PairModel) -> None:
    rollouts = [songs.rollouts[song] for song in TRAINED]
    low, high = model.action_low.astype(np.float32), model.action_high.astype(np.float32)
    normaliser = fitted(rollouts, low, high)
    everything = np.concatenate([r.actions.reshape(-1, low.size) for r in rollouts])
    _, done = Windows(rollouts, normaliser, TINY).draw(np.random.default_rng(0))
    for action in normaliser.actions(done[:, 0]):
        assert np.abs(everything - action).max(axis=1).min() < 1e-5


def test_the_normaliser_has_the_datasets_moments(songs: Songs, model: PairModel) -> None:
    rollouts = list(songs.rollouts.values())
    low, high = (a.astype(np.float32) for a in (model.action_low, model.action_high))
    normaliser = fitted(rollouts, low, high)
    states = np.concatenate([r.states.reshape(-1, r.states.shape[-1]) for r in rollouts])
    np.testing.assert_allclose(normaliser.mean[979:], states.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(normaliser.std[979:], states.std(axis=0) + 0.05, atol=1e-5)


def test_goals_come_back_from_rollouts(songs: Songs) -> None:
    due, found = load_goals(TRAINED[0]), songs.played[TRAINED[0]].goals
    assert np.array_equal(found.keys, due.keys[:STEPS])
    observed = songs.rollouts[TRAINED[0]].goals[0]
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


@pytest.mark.parametrize("array", ["actions", "goals", "piano_states"])
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
    chunk = copy / TRAINED[0] / "actions" / "0.0.0"
    chunk.write_bytes(b"")
    with pytest.raises(DatasetError, match="its 'actions' is cut off or damaged"):
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

"""From a store to a bundle that plays; whatever is wrong is one line."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dacapo.__main__ import main
from dacapo.imitate import METHODS as NAMES
from policies import BundleError
from policies.dataset.chunks import CHUNK_STEPS
from policies.errors import DatasetError
from policies.imitation import methods
from policies.imitation.bc import BehaviourCloning
from policies.imitation.bundle import ImitationBundle, check_bundle, read_bundle, write_bundle
from policies.imitation.data import read_dataset
from policies.imitation.errors import SplitError
from policies.imitation.evaluation import Nothing, Song, play
from policies.imitation.learner import ImitationLearner
from policies.imitation.player import ImitationPlayer
from policies.imitation.songs import Songs, load_songs
from policies.imitation.split import CORPUS_SPLIT, LIBRARY_SPLIT, check_split, read_split
from policies.imitation.train import Imitated, Imitation, Schedule
from policies.imitation.windows import Windows, fitted
from policies.learning.run_files import TrainingError
from score import LOOKAHEAD, Goals, load_song
from score.likeness import COPY_FROM, likeness
from score.robopianist import load_goals
from sim.pair import PairModel, build_pair, load_pair

from .imitation_store import SPLIT, STEPS, TRAINED, write_store

TINY = BehaviourCloning((8,), batch_size=8)


@pytest.fixture(scope="module")
def model() -> PairModel:
    return build_pair(load_pair("shadow_pair_88"))


@pytest.fixture(scope="module")
def store(model: PairModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "tiny.zarr"
    write_store(path, model)
    return path


@pytest.fixture
def split_file(tmp_path: Path) -> Path:
    path = tmp_path / "split.yaml"
    path.write_text(SPLIT)
    return path


@pytest.fixture
def songs(store: Path, model: PairModel, split_file: Path) -> Songs:
    return load_songs(store, read_split(split_file), model)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(methods.METHODS, "bc-256", TINY)


def bundle_of(model: PairModel, songs: Songs) -> ImitationBundle:
    rollouts = list(songs.rollouts.values())
    low, high = (a.astype(np.float32) for a in (model.action_low, model.action_high))
    normaliser = fitted(rollouts, low, high)
    shapes = TINY.shapes(normaliser.mean.size, low.size)
    rng = np.random.default_rng(0)
    return ImitationBundle(
        method="bc-256",
        rig=model.rig.name,
        rig_hash=model.rig.hash,
        joint_names=model.joint_names,
        action_names=model.action_names,
        normaliser=normaliser,
        parameters={n: rng.standard_normal(s).astype(np.float32) for n, s in shapes.items()},
        training={"dataset": "tiny.zarr"},
        seed=0,
        scores={},
        versions={"numpy": np.__version__},
    )


@pytest.fixture
def bundle(model: PairModel, songs: Songs) -> ImitationBundle:
    return bundle_of(model, songs)


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


def imitated(songs: Songs, model: PairModel, folder: Path, steps: tuple[int, ...]) -> Imitated:
    for total in steps:
        imitation = Imitation("bc-256", songs, model, folder, seed=0, source="tiny.zarr")
        result = imitation.run(Schedule(budget_s=1000.0, total_steps=total, exam_every=2))
    return result


def test_a_run_taken_up_again_is_the_run_that_never_stopped(
    songs: Songs, model: PairModel, tmp_path: Path
) -> None:
    whole = imitated(songs, model, tmp_path / "whole", (4,))
    parts = imitated(songs, model, tmp_path / "parts", (2, 4))
    assert whole.steps == parts.steps == 4
    assert whole.frame_f1 == parts.frame_f1
    one, other = (read_bundle(run.bundle) for run in (whole, parts))
    for name, array in one.parameters.items():
        assert np.array_equal(array, other.parameters[name]), name


def test_numbers_that_are_not_finite_stop_training(
    songs: Songs, model: PairModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImitationLearner, "step", lambda self, number: float("nan"))
    with pytest.raises(TrainingError, match="another --seed"):
        imitated(songs, model, tmp_path / "run", (4,))
    assert (tmp_path / "run" / "not_finite.msgpack").is_file()


def test_playing_needs_neither_jax_nor_zarr() -> None:
    code = "import sys, policies.imitation.player; sys.exit(len({'jax', 'zarr'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_bundle_is_read_as_it_was_written(bundle: ImitationBundle, tmp_path: Path) -> None:
    path = tmp_path / "bundle.npz"
    write_bundle(bundle, path)
    found = read_bundle(path)
    assert found.action_names == bundle.action_names
    for name, array in bundle.parameters.items():
        assert np.array_equal(array, found.parameters[name])


def test_a_bundle_of_another_rig_is_refused(bundle: ImitationBundle, model: PairModel) -> None:
    check_bundle(bundle, model)
    for name, value, complaint in (
        ("rig", "other", "trained for rig 'other'"),
        ("rig_hash", "0" * 64, "not as it was"),
        ("action_names", bundle.action_names[::-1], "action_names"),
        ("joint_names", bundle.joint_names[::-1], "joint_names"),
    ):
        with pytest.raises(BundleError, match=complaint):
            check_bundle(replace(bundle, **{name: value}), model)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def small_file(model: PairModel, store: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "split.yaml").write_text(SPLIT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(methods.METHODS, "bc-256", TINY)
        songs = load_songs(store, read_split(folder / "split.yaml"), model)
        write_bundle(bundle_of(model, songs), folder / "bundle.npz")
    return (folder / "bundle.npz").read_bytes()


def refused(data: bytes, folder: Path) -> str:
    """The one line with which a file is refused; empty if it is not."""
    path = folder / "some.npz"
    path.write_bytes(data)
    try:
        read_bundle(path)
    except BundleError as error:
        message = str(error)
    else:
        return ""
    assert str(path) in message
    assert len(message.splitlines()) == 1
    return message


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read(
    data: st.DataObject, small_file: bytes, tmp_path: Path
) -> None:
    damaged = bytearray(small_file)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    refused(bytes(damaged), tmp_path)
    assert refused(bytes(damaged[: data.draw(st.integers(0, len(damaged) - 1))]), tmp_path)


def edited(file: bytes, **changes: object) -> bytes:
    """The file with fields of its manifest changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as before, zipfile.ZipFile(stream, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "manifest.json":
                content = json.dumps(json.loads(content) | changes).encode()
            after.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("schema", 2, "schema"),
        ("kind", "residual", "kind"),
        ("method", "bc-1024", "array"),
        ("method", "gail", "method"),
        ("observation_size", 1143, "has the shape"),
        ("extra", 1, "extra"),
        ("rig_hash", "x", "rig_hash"),
    ],
)
def test_a_wrong_manifest_is_named(
    field: str, value: object, complaint: str, small_file: bytes, tmp_path: Path
) -> None:
    assert complaint in refused(edited(small_file, **{field: value}), tmp_path)


def first_steps(song: str, steps: int) -> Goals:
    goals = load_goals(song)
    return replace(goals, keys=goals.keys[:steps], sustain=goals.sustain[:steps])


def test_the_same_seed_plays_the_same(bundle: ImitationBundle, model: PairModel) -> None:
    song = Song(first_steps(TRAINED[0], 10), np.zeros(len(model.joint_names)))
    player = ImitationPlayer(bundle)
    assert play(player, model, song, 0) == play(player, model, song, 0)


def test_doing_nothing_scores_the_silence(model: PairModel) -> None:
    goals = first_steps(TRAINED[0], 40)
    scores = play(Nothing(model), model, Song(goals, np.zeros(len(model.joint_names))), 0)
    assert scores.f1 == np.mean(~goals.keys.any(axis=1))


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


def test_the_verb_knows_every_method() -> None:
    assert tuple(methods.METHODS) == NAMES


def test_the_verb_trains_and_plays(
    store: Path, split_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["imitate", str(store), "--split", str(split_file), "--method", "bc-256", "--json"]
    command += ["--budget-s", "0.2", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["frame_f1"]["easy"] is None
    assert set(document["songs"]["in_distribution"]) == set(TRAINED)
    play = ["play", TRAINED[0], "--rig", "shadow_pair_88", "--policy", document["bundle"]]
    assert main([*play, "--json"]) == 0
    frame = json.loads(capsys.readouterr().out)["frame"]
    assert 0.0 <= frame["do_nothing_f1"] <= 1.0
    assert main(play) == 0
    assert "doing nothing" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*play, "--mode", "real"])


def test_the_verb_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert main(["imitate", str(tmp_path / "none.zarr"), "--out", out]) == 1
    assert "no such folder" in capsys.readouterr().err

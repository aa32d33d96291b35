"""Bundles come back as they were written; a damaged one is refused in one line."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies import BundleError, load_policy
from policies.imitation import methods
from policies.imitation.bundle import ImitationBundle, check_bundle, read_bundle, write_bundle
from policies.imitation.songs import load_songs
from policies.imitation.split import read_split
from sim.pair import PairModel
from tests.learning.imitation.bundles import TINY, bundle_of
from tests.learning.imitation.store import SPLIT
from tests.learning.small import three_notes
from tests.unit.playing import nominal_model


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
        (
            "normaliser",
            replace(bundle.normaliser, mean=np.zeros(10, np.float32)),
            "numbers now, 10 in",
        ),
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


def test_who_plays_one_hand_says_whom_it_is_for(small_file: bytes, tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    path.write_bytes(small_file)
    with pytest.raises(BundleError, match=r"of `dacapo imitate`, for two hands"):
        load_policy(str(path), nominal_model("leap_rail_49"), three_notes())


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
        ("schema", 1, "schema"),
        ("stretch", 0.0, "stretch"),
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

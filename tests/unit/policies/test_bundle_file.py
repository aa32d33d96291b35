"""The file of a bundle: what was written is read, anything else is refused by name."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from policies import BundleError
from policies.bundle import Bundle, BundlePolicy, read_bundle, write_bundle
from policies.bundle.archive import pack, unpack
from policies.bundle.arrays import from_npy, to_npy
from policies.bundle.bundle import named_arrays

from .bundles import small_bundle

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("bundle") / "bundle.npz"
    write_bundle(small_bundle(), path)
    return path.read_bytes()


def read(data: bytes, folder: Path) -> Bundle:
    path = folder / "some.npz"
    path.write_bytes(data)
    return read_bundle(path)


def refusal(data: bytes, folder: Path) -> str:
    """The message with which a file is refused: one line that names it."""
    with pytest.raises(BundleError) as refused:
        read(data, folder)
    message = str(refused.value)
    assert "some.npz" in message
    assert len(message.splitlines()) == 1
    assert len(message) < 500
    return message


def assert_same(one: Bundle, other: Bundle) -> None:
    """Equal to the bit."""
    arrays, others = named_arrays(one), named_arrays(other)
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        assert array.dtype == others[name].dtype, name
        np.testing.assert_array_equal(array, others[name], strict=True)
    plain = {f.name for f in fields(Bundle)} - {"part", "mean", "std", "layers"}
    for name in plain:
        assert getattr(one, name) == getattr(other, name), name


def test_what_was_written_is_read(file: bytes, tmp_path: Path) -> None:
    bundle = read(file, tmp_path)
    assert_same(bundle, small_bundle())
    assert list(bundle.feature_blocks) == list(small_bundle().feature_blocks)


def test_the_same_bundle_gives_the_same_bytes(file: bytes, tmp_path: Path) -> None:
    write_bundle(read(file, tmp_path), tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == file


def test_numpy_reads_it_without_pickles(file: bytes) -> None:
    with np.load(io.BytesIO(file), allow_pickle=False) as npz:
        np.testing.assert_array_equal(npz["mean"], small_bundle().mean)
        assert json.loads(npz["manifest.json"])["song"] == "three"


def test_what_was_read_cannot_be_changed(file: bytes, tmp_path: Path) -> None:
    bundle = read(file, tmp_path)
    with pytest.raises(ValueError, match="read-only"):
        bundle.mean[0] = 1.0


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_mutated_bytes_are_refused_or_change_nothing(
    data: st.DataObject, file: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mutated = bytearray(file)
    tail = st.integers(len(file) - 1200, len(file) - 1)  # the directory of the zip file
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(file) - 1) | tail)
        mutated[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.just(len(file)) | st.integers(0, len(file)))
    try:
        bundle = read(bytes(mutated[:end]), tmp_path_factory.getbasetemp())
    except BundleError:
        return
    assert_same(bundle, small_bundle())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_mutated_members_are_refused_or_can_be_played(
    data: st.DataObject, file: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As an attacker would, with the checksums right: what is read can be written and played."""
    members = unpack(file)
    name = data.draw(st.sampled_from(sorted(members)))
    mutated = bytearray(members[name])
    for _ in range(data.draw(st.integers(1, 3))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.getbasetemp()
    try:
        bundle = read(pack(members | {name: bytes(mutated)}), folder)
    except BundleError:
        return
    write_bundle(bundle, folder / "again.npz")
    BundlePolicy(bundle)


@settings(max_examples=200, deadline=None)
@given(header=st.binary(max_size=80), content=st.binary(max_size=40))
def test_any_array_header_is_refused_or_read(header: bytes, content: bytes) -> None:
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content
    with pytest.raises(BundleError):
        from_npy("mean", data, "<f4")


def changed(file: bytes, change: Callable[[Members], object]) -> bytes:
    """The file with its members changed, and its checksums right again."""
    members = unpack(file)
    change(members)
    return pack(members)


def with_array(name: str, array: NDArray[Any], dtype: str = "<f4") -> Callable[[Members], object]:
    return lambda members: members.update({f"{name}.npy": to_npy(array, dtype)})


def with_field(name: str, value: object) -> Callable[[Members], object]:
    def change(members: Members) -> None:
        manifest = json.loads(members["manifest.json"]) | {name: value}
        members["manifest.json"] = json.dumps(manifest).encode()

    return change


def with_header(name: str, header: bytes) -> Callable[[Members], object]:
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(64)
    return lambda members: members.update({f"{name}.npy": data})


def npy_pickle() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return stream.getvalue()


SIZE = small_bundle().mean.size
HOSTILE = {
    "missing array": (lambda m: m.pop("std.npy"), "lacks the array 'std'"),
    "missing manifest": (lambda m: m.pop("manifest.json"), "lacks manifest.json"),
    "unknown member": (lambda m: m.update({"evil.py": b"1"}), "evil.py"),
    "pickled array": (lambda m: m.update({"mean.npy": npy_pickle()}), "mean is no plain array"),
    "pickle": (lambda m: m.update({"mean.npy": pickle.dumps([1])}), "mean is no plain array"),
    "object dtype": (
        with_header("mean", b"{'descr': '|O8', 'fortran_order': False, 'shape': (8,), }\n"),
        "mean is of dtype",
    ),
    "absurd shape": (
        with_header(
            "mean", b"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999, 999999999), }\n"
        ),
        "mean holds 64 bytes",
    ),
    "code in a header": (
        with_header("mean", b"{'descr': __import__('os').abort(), 'shape': (8,), }\n"),
        "mean is no plain array",
    ),
    "wrong dtype": (with_array("mean", np.zeros(SIZE), "<f8"), "mean is of dtype '<f8'"),
    "wrong size": (with_array("mean", np.zeros(SIZE + 1)), "mean has the shape"),
    "empty array": (with_array("mean", np.zeros(0)), "mean holds 0 bytes"),
    "NaN": (with_array("mean", np.full(SIZE, np.nan)), "mean holds a number that is not finite"),
    "infinite weight": (
        with_array("layer_0_kernel", np.full((SIZE, 8), np.inf)),
        "layer_0_kernel holds a number that is not finite",
    ),
    "std of zero": (with_array("std", np.zeros(SIZE)), "std is not positive"),
    "layers that do not meet": (
        with_array("layer_1_kernel", np.zeros((7, 6))),
        "layer_1_kernel has the shape",
    ),
    "no goals": (
        with_array("keys", np.zeros((len(small_bundle().part.keys), 49)), "|b1"),
        "no goals",
    ),
    "flat goals": (with_array("keys", np.ones(49), "|b1"), "no goals"),
    "unknown field": (with_field("colour", "red"), "manifest: colour"),
    "missing field": (lambda m: m.update({"manifest.json": b"{}"}), "manifest: schema"),
    "other schema": (with_field("schema", 2), "manifest: schema"),
    "text for a number": (with_field("control_step_s", "0.05"), "manifest: control_step_s"),
    "infinite rate": (with_field("control_step_s", float("inf")), "manifest: control_step_s"),
    "many layers": (with_field("n_layers", 10**6), "manifest: n_layers"),
    "layer too many": (with_field("n_layers", 4), "layer_3_kernel"),
    "absurd block": (with_field("feature_blocks", {"a": 10**4000}), "manifest: feature_blocks.a"),
    "lines in a field": (with_field("a\nb", 1), "manifest: a b"),
    "not JSON": (lambda m: m.update({"manifest.json": b"{" * 9000}), "manifest:"),
    "long manifest": (lambda m: m.update({"manifest.json": bytes(300_000)}), "manifest is larger"),
}


@pytest.mark.parametrize(("change", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_content_is_refused_by_name(
    change: Callable[[Members], object], message: str, file: bytes, tmp_path: Path
) -> None:
    assert message in refusal(changed(file, change), tmp_path)


def test_booleans_are_zero_or_one(file: bytes, tmp_path: Path) -> None:
    def change(members: Members) -> None:
        members["keys.npy"] = members["keys.npy"][:-1] + b"\2"

    assert "keys holds something other" in refusal(changed(file, change), tmp_path)


@pytest.mark.parametrize("data", [b"", b"PK", b"\x93NUMPY", b"weights", bytes(1000)])
def test_what_is_no_zip_file_is_refused(data: bytes, tmp_path: Path) -> None:
    assert "damaged or no zip file" in refusal(data, tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(share: float, file: bytes, tmp_path: Path) -> None:
    assert "damaged or no zip file" in refusal(file[: int(share * len(file))], tmp_path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(file: bytes, tmp_path: Path) -> None:
    bomb = changed(file, lambda m: m.update({"mean.npy": bytes(33_000_000)}))
    assert len(bomb) < 100_000
    assert "unpacks to more than" in refusal(bomb, tmp_path)


def test_a_zip_bomb_that_lies_about_its_size_is_refused(file: bytes, tmp_path: Path) -> None:
    bomb = changed(file, lambda m: m.update({"mean.npy": bytes(33_000_000)}))
    true, told = ((size).to_bytes(4, "little") for size in (33_000_000, 1000))
    assert "damaged" in refusal(bomb.replace(true, told), tmp_path)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    with path.open("wb") as stream:
        stream.truncate(10**12)
    with pytest.raises(BundleError, match="larger than"):
        read_bundle(path)


def test_two_members_of_one_name_are_refused(file: bytes, tmp_path: Path) -> None:
    stream = io.BytesIO(file)
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("mean.npy", b"")
    assert "two members of one name" in refusal(stream.getvalue(), tmp_path)


def test_other_packings_are_refused(file: bytes, tmp_path: Path) -> None:
    stream = io.BytesIO(file)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("more.npy", b"")
    assert "packed in an unknown way" in refusal(stream.getvalue(), tmp_path)


@pytest.mark.parametrize("name", ["missing.npz", ".", "a\0b"])
def test_what_is_no_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="give the path of a policy bundle"):
        read_bundle(tmp_path / name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mean": np.zeros(3, np.float32)}, "mean has the shape"),
        ({"seed": -1}, "seed"),
        ({"rig_hash": "?"}, "rig_hash"),
        ({"layers": ()}, "it has 0 layers"),
    ],
)
def test_an_unusable_bundle_is_not_written(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match=message):
        write_bundle(replace(small_bundle(), **change), tmp_path / "bundle.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file(file: bytes, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        write_bundle(small_bundle(), tmp_path / "missing" / "bundle.npz")
    (tmp_path / "bundle.npz").mkdir()
    with pytest.raises(IsADirectoryError):
        write_bundle(small_bundle(), tmp_path / "bundle.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle.npz"]

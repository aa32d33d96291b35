"""The file of a bundle: a zip of ``.npy`` arrays and a JSON manifest, readable as ``.npz`` too."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydantic import ValidationError

from policies.bundle.archive import pack, unpack
from policies.bundle.arrays import from_npy, to_npy
from policies.bundle.bundle import Bundle, check_consistent, named_arrays
from policies.bundle.manifest import Manifest, describe, read_manifest
from policies.errors import BundleError
from policies.features import Part
from score import write_whole

MAX_FILE_BYTES = 8_000_000
"""What the reader takes; a shipped bundle is below 1 MB."""

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 256_000

_DTYPES = {
    "mean": "<f4",
    "std": "<f4",
    "joint_low": "<f8",
    "joint_high": "<f8",
    "keys": "|b1",
    "references": "<f8",
    "targets": "<f8",
}
_LAYER_DTYPE = "<f4"
_SHARED_FIELDS = tuple(set(Manifest.model_fields) - {"schema_version", "n_layers"})


def write_bundle(bundle: Bundle, path: Path) -> None:
    """Write a bundle under a temporary name, then rename it; same bundle, same bytes.

    Raises:
        BundleError: its parts do not fit each other, or the reader would not take the file.
        OSError: the place cannot be written.
    """
    try:
        check_consistent(bundle)
        members = {MANIFEST: _write_manifest(bundle)}
    except BundleError as error:
        raise BundleError(f"{path}: not written: {error}") from error
    for name, array in named_arrays(bundle).items():
        members[f"{name}.npy"] = to_npy(array, _DTYPES.get(name, _LAYER_DTYPE))
    data = pack(members)
    if len(data) > MAX_FILE_BYTES:
        raise BundleError(f"{path}: not written: {len(data)} bytes, {MAX_FILE_BYTES} are allowed")
    write_whole(path, data)


def is_bundle(path: Path) -> bool:
    """Whether a file is a zip with a manifest; what else is wrong with it, reading tells."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return MANIFEST in archive.namelist()


def read_bundle(path: Path) -> Bundle:
    """Read a bundle; whatever is wrong with the file itself is found here.

    Raises:
        BundleError: naming the file, what is wrong with it and what to do.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name no file can have
        reason = getattr(error, "strerror", None) or error
        raise BundleError(f"{path}: {reason}: give the path of a policy bundle") from error
    try:
        bundle = _parse(data)
        check_consistent(bundle)
    except BundleError as error:
        raise BundleError(
            f"{path}: not a usable policy bundle: {error}; train it again or copy it again"
        ) from error
    return bundle


def _parse(data: bytes) -> Bundle:
    if len(data) > MAX_FILE_BYTES:
        raise BundleError(f"it is larger than {MAX_FILE_BYTES} bytes")
    members = unpack(data)
    manifest = _read_manifest(members)
    arrays = {}
    for name in _array_names(manifest.n_layers):
        if f"{name}.npy" not in members:
            raise BundleError(f"it lacks the array {name!r}")
        content = members.pop(f"{name}.npy")
        arrays[name] = from_npy(name, content, _DTYPES.get(name, _LAYER_DTYPE))
    if members:
        raise BundleError(f"it has the unknown member {min(members)!r}")
    return _assemble(manifest, arrays)


def _read_manifest(members: dict[str, bytes]) -> Manifest:
    if MANIFEST not in members:
        raise BundleError(f"it lacks {MANIFEST}")
    text = members.pop(MANIFEST)
    if len(text) > MAX_MANIFEST_BYTES:
        raise BundleError(f"its manifest is larger than {MAX_MANIFEST_BYTES} bytes")
    return read_manifest(text)


def _write_manifest(bundle: Bundle) -> bytes:
    fields = {name: getattr(bundle, name) for name in _SHARED_FIELDS}
    try:
        manifest = Manifest(schema=1, n_layers=len(bundle.layers), **fields)
    except ValidationError as error:
        raise BundleError(describe(error)) from error
    text = manifest.model_dump_json(by_alias=True, indent=1).encode()
    if len(text) > MAX_MANIFEST_BYTES:
        raise BundleError(f"its manifest has {len(text)} bytes, {MAX_MANIFEST_BYTES} are allowed")
    return text


def _array_names(n_layers: int) -> list[str]:
    layers = [f"layer_{i}_{what}" for i in range(n_layers) for what in ("kernel", "bias")]
    return [*_DTYPES, *layers]


def _assemble(manifest: Manifest, arrays: dict[str, NDArray[Any]]) -> Bundle:
    part = Part(*(arrays[f] for f in ("joint_low", "joint_high", "keys", "references", "targets")))
    layers = tuple(
        (arrays[f"layer_{i}_kernel"], arrays[f"layer_{i}_bias"]) for i in range(manifest.n_layers)
    )
    fields = {name: getattr(manifest, name) for name in _SHARED_FIELDS}
    return Bundle(part=part, mean=arrays["mean"], std=arrays["std"], layers=layers, **fields)

"""The file of an imitation policy: a zip of ``.npy`` arrays and a JSON manifest (no pickle)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from policies.bundle.archive import pack, unpack
from policies.bundle.arrays import from_npy, to_npy
from policies.bundle.manifest import describe
from policies.errors import BundleError
from policies.imitation.data import Floats
from policies.imitation.methods import METHODS, method_named, shown_size
from policies.imitation.normaliser import Normaliser
from score import write_whole
from sim.pair import PairModel

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 256_000
MAX_BYTES = 256_000_000
"""What the reader takes, packed or unpacked; the largest method has 105 MB."""

_NORMALISER = ("mean", "scale", "action_mean", "action_width")
_DTYPE = "<f4"

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Manifest(BaseModel):
    """What a bundle says about itself; frozen, strictly typed, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Literal[2] = Field(alias="schema")
    kind: Literal["imitation"]
    method: Literal[tuple(METHODS)]  # type: ignore[valid-type]  # pydantic reads the tuple
    rig: Name
    rig_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    joint_names: tuple[Name, ...] = Field(min_length=1, max_length=200)
    action_names: tuple[Name, ...] = Field(min_length=1, max_length=200)
    stretch: float = Field(gt=0, allow_inf_nan=False)
    observation_size: int = Field(ge=1, le=100_000)
    training: dict[str, JsonValue]
    seed: int = Field(ge=0, lt=2**63)
    scores: dict[str, JsonValue]
    versions: dict[str, str]
    licence: Name


_FIELDS = tuple(set(Manifest.model_fields) - {"schema_version", "kind", "observation_size"})


@dataclass(frozen=True, eq=False)
class ImitationBundle:
    """A method's parameters with all they need to play any song on one rig.

    Attributes:
        method: its name.
        rig: name of the rig.
        rig_hash: ``PairRig.hash`` of that rig.
        joint_names: joints in the order of the observation.
        action_names: servos, then the pedal.
        stretch: factor of all times of the songs that it learned.
        normaliser: of observations and actions.
        parameters: of the method, by name.
        training: dataset, songs and settings.
        seed: of the training.
        scores: how well it played when it was made.
        versions: version of each package that had a part in it.
        licence: under which it may be passed on, an SPDX expression.
    """

    method: str
    rig: str
    rig_hash: str
    joint_names: tuple[str, ...]
    action_names: tuple[str, ...]
    stretch: float
    normaliser: Normaliser
    parameters: dict[str, Floats]
    training: dict[str, JsonValue]
    seed: int
    scores: dict[str, JsonValue]
    versions: dict[str, str]
    licence: str = "Apache-2.0"


def check_bundle(bundle: ImitationBundle, model: PairModel) -> None:
    """Refuse a bundle that was made for another rig.

    Raises:
        BundleError: naming the first difference.
    """
    rig = model.rig
    if bundle.rig != rig.name:
        raise BundleError(f"trained for rig {bundle.rig!r}, not {rig.name!r}")
    for what in ("joint_names", "action_names"):
        if getattr(bundle, what) != getattr(model, what):
            raise BundleError(f"its {what} are not those of rig {rig.name!r}: train it again")
    if bundle.rig_hash != rig.hash:
        raise BundleError(f"rig {rig.name!r} is not as it was in training: train it again")
    learned, shown = bundle.normaliser.mean.size, shown_size(bundle.method, model)
    if learned != shown:
        raise BundleError(
            f"{bundle.method} is shown {shown} numbers now, {learned} in training: train it again"
        )


def write_bundle(bundle: ImitationBundle, path: Path) -> None:
    """Write a bundle under a temporary name, then rename it; same bundle, same bytes.

    Raises:
        BundleError: its parts do not fit each other.
        OSError: the place cannot be written.
    """
    size = bundle.normaliser.mean.size
    fields = {name: getattr(bundle, name) for name in _FIELDS}
    try:
        manifest = Manifest(schema=2, kind="imitation", observation_size=size, **fields)
        _check_arrays(manifest, arrays := _arrays(bundle))
    except ValidationError as error:
        raise BundleError(f"{path}: not written: {describe(error)}") from error
    except BundleError as error:
        raise BundleError(f"{path}: not written: {error}") from error
    members = {MANIFEST: manifest.model_dump_json(by_alias=True, indent=1).encode()}
    members |= {f"{name}.npy": to_npy(array, _DTYPE) for name, array in arrays.items()}
    write_whole(path, pack(members))


def is_imitation(path: Path) -> bool:
    """Whether a file says that it is a bundle of ``dacapo imitate``; not if it cannot be read."""
    try:
        with path.open("rb") as file:
            members = unpack(file.read(MAX_BYTES), MAX_BYTES)
        manifest = json.loads(members[MANIFEST])
    except (BundleError, OSError, ValueError, KeyError, RecursionError):
        return False
    return isinstance(manifest, dict) and manifest.get("kind") == "imitation"


def read_bundle(path: Path) -> ImitationBundle:
    """Read a bundle; whatever is wrong with the file itself is found here.

    Raises:
        BundleError: naming the file and what is wrong with it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        return _parse(data)
    except BundleError as error:
        raise BundleError(f"{path}: not a usable imitation bundle: {error}") from error


def load_bundle(path: Path, model: PairModel) -> ImitationBundle:
    """Read a bundle that is to play on a rig.

    Raises:
        BundleError: naming the file and why it cannot be used there.
    """
    bundle = read_bundle(path)
    try:
        check_bundle(bundle, model)
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from error
    return bundle


def _parse(data: bytes) -> ImitationBundle:
    if len(data) > MAX_BYTES:
        raise BundleError(f"it is larger than {MAX_BYTES} bytes")
    members = unpack(data, MAX_BYTES)
    manifest = _manifest(members.pop(MANIFEST, None))
    named = {_array_name(member): content for member, content in members.items()}
    arrays = {name: from_npy(name, content, _DTYPE) for name, content in named.items()}
    _check_arrays(manifest, arrays)
    normaliser = Normaliser(*(arrays.pop(name) for name in _NORMALISER))
    fields = {name: getattr(manifest, name) for name in _FIELDS}
    return ImitationBundle(normaliser=normaliser, parameters=arrays, **fields)


def _array_name(member: str) -> str:
    if not re.fullmatch(r"[a-z0-9_.]{1,60}\.npy", member):
        raise BundleError(f"it has the unknown member {ascii(member)[:100]}")
    return member.removesuffix(".npy")


def _manifest(text: bytes | None) -> Manifest:
    if text is None:
        raise BundleError(f"it lacks {MANIFEST}")
    if len(text) > MAX_MANIFEST_BYTES:
        raise BundleError(f"its manifest is larger than {MAX_MANIFEST_BYTES} bytes")
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise BundleError(f"manifest: {describe(error)}") from error


def _arrays(bundle: ImitationBundle) -> dict[str, NDArray[Any]]:
    return {name: getattr(bundle.normaliser, name) for name in _NORMALISER} | bundle.parameters


def _check_arrays(manifest: Manifest, arrays: dict[str, NDArray[Any]]) -> None:
    """Check names, shapes and numbers."""
    observation, action = manifest.observation_size, len(manifest.action_names)
    wanted = method_named(manifest.method).shapes(observation, action)
    wanted |= {"mean": (observation,), "scale": (observation,)}
    wanted |= {"action_mean": (action,), "action_width": (action,)}
    if odd := sorted(wanted.keys() ^ arrays.keys()):
        what = "lacks" if odd[0] in wanted else "has the unknown"
        raise BundleError(f"it {what} array {ascii(odd[0])[:100]}")
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            raise BundleError(f"{name} has the shape {arrays[name].shape}, not {shape}")
        if not np.isfinite(arrays[name]).all():
            raise BundleError(f"{name} holds a number that is not finite")
    if not (arrays["scale"] >= 0).all() or not (arrays["action_width"] > 0).all():
        raise BundleError("its normaliser has a scale below 0 or a width that is not positive")

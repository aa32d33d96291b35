"""What a recording says about how it came to be: enough to explain it a year later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import metadata
from pathlib import Path

from calibration.recordings.errors import RecordingError
from policies.library import PLANNER, ZOO, zoo_path
from sim import Rig

SCHEMA = "1"
"""Version of the notes of a recording."""

_PACKAGES = ("dacapo", "mujoco", "numpy", "mcap", "rosbags")


def own_versions() -> dict[str, str]:
    """Versions of the packages that have a part in a recording."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


@dataclass(frozen=True)
class Provenance:
    """Where a recording comes from. What does not apply is empty.

    The world of an emulated rig is left out on purpose: calibration must not see it.

    Attributes:
        mode: `sim`, `virtual`, `emulated` or `real`.
        song: Name in the library, or path of a MIDI file.
        rig: Name of the rig.
        rig_hash: `Rig.hash`.
        policy: What was asked for: `planner`, `zoo` or the path of a bundle.
        policy_hash: SHA-256 of the bundle.
        parameters: Text of the physics parameters file that the policy's side knew.
        device: Path of the device file as it was given, or `nominal`: built exactly to plan.
        device_hash: SHA-256 of the device file.
        seed: Of the performance; None when nothing was drawn.
        clock_offset_ns: What stamps are ahead of the monotonic clock [ns].
        versions: Version of each package that had a part in it.
    """

    mode: str = ""
    song: str = ""
    rig: str = ""
    rig_hash: str = ""
    policy: str = ""
    policy_hash: str = ""
    parameters: str = ""
    device: str = ""
    device_hash: str = ""
    seed: int | None = None
    clock_offset_ns: int = 0
    versions: Mapping[str, str] = field(default_factory=own_versions)

    def to_notes(self) -> dict[str, str]:
        """The fields as texts."""
        notes = {"schema": SCHEMA}
        for entry in fields(self):
            value = getattr(self, entry.name)
            notes[entry.name] = value if isinstance(value, str) else json.dumps(value)
        return notes

    @classmethod
    def from_notes(cls, notes: Mapping[str, str]) -> Provenance:
        """Read what `to_notes` wrote; recordings of other programs have none of it.

        Raises:
            RecordingError: When the notes are of a later schema, or a value makes no sense.
        """
        if notes.get("schema", SCHEMA) != SCHEMA:
            raise RecordingError(
                f"the notes of this recording have schema {notes['schema']!r}, this program knows "
                f"{SCHEMA}: update Da Capo"
            )
        texts = {f.name for f in fields(cls) if f.type == "str"} & set(notes)
        values: dict[str, object] = {name: notes[name] for name in texts}
        try:
            if "seed" in notes:
                seed = json.loads(notes["seed"])
                values["seed"] = None if seed is None else int(seed)
            if "clock_offset_ns" in notes:
                values["clock_offset_ns"] = int(notes["clock_offset_ns"])
            versions = dict(json.loads(notes.get("versions", "{}")))
            values["versions"] = {str(name): str(text) for name, text in versions.items()}
        except (ValueError, TypeError, RecursionError) as error:
            raise RecordingError(f"the notes of this recording make no sense: {error}") from error
        return cls(**values)  # type: ignore[arg-type]


def device_hash(device: str) -> str:
    """SHA-256 of a device file; empty where there is no such file, as for emulated hands."""
    try:
        return hashlib.sha256(Path(device).read_bytes()).hexdigest()
    except OSError:
        return ""


def policy_hash(policy: str, rig: Rig, song: str) -> str:
    """SHA-256 of the policy bundle that plays; empty for the planner, which is made of the song.

    Args:
        policy: `planner`, `zoo` or the path of a bundle.
        rig: What it plays on.
        song: What it plays: a name in the library, or the path of a MIDI file.

    Raises:
        RecordingError: When the bundle cannot be read.
    """
    if policy == PLANNER:
        return ""
    path = zoo_path(rig.name, Path(song).stem) if policy == ZOO else Path(policy)
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RecordingError(f"cannot read the policy {path}: {error.strerror}") from error

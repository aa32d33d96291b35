"""The folder of a recording: where its files are and what `metadata.yaml` says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from calibration.recordings.errors import RecordingError
from calibration.recordings.mcap_files import Contents, read_contents
from calibration.recordings.writer import METADATA_FILE
from score import write_whole

_BAG = "rosbag2_bagfile_information"


@dataclass(frozen=True)
class Bag:
    """Everything in a recording's folder, undecoded.

    Attributes:
        folder: Of the recording.
        contents: Of its data files, one after the other.
        finished: Whether its recorder ended it; otherwise it was cut.
    """

    folder: Path
    contents: Contents
    finished: bool


def recording_folder(path: Path) -> Path:
    """The recording's folder: the path itself, or `recording` in the folder of a run."""
    inside = path / "recording"
    return inside if inside.is_dir() and not _data_files_in(path) else path


def read_bag(path: Path) -> Bag:
    """Read the folder of a recording, finished or not.

    Args:
        path: Of the recording or of the run that it belongs to.

    Raises:
        RecordingError: When there is no recording, or one in another format, or one that is
            still being written.
    """
    folder = recording_folder(path)
    document = read_metadata(folder)
    files = _data_files_in(folder) if document is None else _listed_files(folder, document)
    if not files:
        raise RecordingError(f"no recording in {path}: it has neither metadata.yaml nor .mcap")
    parts = [read_contents(file) for file in files]
    notes = {key: text for part in parts for key, text in part.notes.items()}
    if document is not None:
        notes |= _custom_data(document)
    contents = Contents(
        tuple({topic.name: topic for part in parts for topic in part.topics}.values()),
        tuple(message for part in parts for message in part.messages),
        notes,
        next((part.damage for part in parts if part.damage), ""),
    )
    return Bag(folder, contents, document is not None and not contents.damage)


def read_metadata(folder: Path) -> dict[str, Any] | None:
    """What `metadata.yaml` says about the bag; None when there is none.

    Raises:
        RecordingError: When it is no metadata of a bag in MCAP.
    """
    path = folder / METADATA_FILE
    try:
        document = yaml.safe_load(path.read_bytes())[_BAG]
        storage, compression = document["storage_identifier"], document.get("compression_format")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordingError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise RecordingError(
            f"{path} is no metadata of a bag: remove it, then `dacapo repair {folder}`"
        ) from error
    if storage != "mcap" or compression:
        raise RecordingError(
            f"{folder} is stored as {storage} {compression or ''}".rstrip()
            + ": convert it to plain MCAP with `ros2 bag convert`"
        )
    return dict(document)


def amend_metadata(folder: Path, notes: dict[str, str]) -> None:
    """Add notes to a finished recording's `metadata.yaml`.

    Raises:
        RecordingError: When it cannot be read or written.
    """
    document = read_metadata(folder)
    if document is None:
        raise RecordingError(f"{folder} was never finished: `dacapo repair {folder}`")
    document["custom_data"] = _custom_data(document) | notes
    try:
        text = yaml.safe_dump({_BAG: document}, sort_keys=False)
        write_whole(folder / METADATA_FILE, text.encode())
    except OSError as error:
        raise RecordingError(f"cannot write to {folder}: {error.strerror}") from error


def _data_files_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.mcap"))


def _listed_files(folder: Path, document: dict[str, Any]) -> list[Path]:
    names = document.get("relative_file_paths")
    if not isinstance(names, list) or any(Path(str(name)).name != name for name in names):
        raise RecordingError(f"{folder / METADATA_FILE} names no files of this folder")
    return [folder / name for name in names]


def _custom_data(document: dict[str, Any]) -> dict[str, str]:
    notes = document.get("custom_data")
    return {str(k): str(v) for k, v in notes.items()} if isinstance(notes, dict) else {}

"""From a recording that was cut to a new one that is whole, and says that it was not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from calibration.recordings.errors import RecordingError
from calibration.recordings.folders import Bag, read_bag
from calibration.recordings.writer import FAILURE, RecordingWriter

INCOMPLETE = "incomplete"
"""The note that says why a recording lacks its end."""


def repair(path: Path, out: Path | None = None) -> Path:
    """Copy what is whole of a cut recording into a new one, marked `incomplete`.

    Args:
        path: Folder of the recording, or of its run. It is left as it is.
        out: Folder of the new one; `<name>_repaired` beside it when left out.

    Returns:
        The new folder.

    Raises:
        RecordingError: When the recording needs no repair, holds no whole message, is still being
            written, or the new one exists or cannot be written.
    """
    return repair_bag(read_bag(path), out)


def repair_bag(bag: Bag, out: Path | None = None) -> Path:
    """`repair` for a bag that was already read."""
    folder, contents = bag.folder, bag.contents
    if bag.finished:
        raise RecordingError(f"{folder} is whole: nothing to repair")
    if not contents.messages:
        raise RecordingError(f"{folder} holds no whole message: nothing can be saved, record again")
    target = out or repaired_folder(folder)
    if target.exists():
        raise RecordingError(f"{target} exists: remove it, or name another folder")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with RecordingWriter(partial, contents.topics, _notes(bag)) as writer:
            for message in contents.messages:
                writer.write(message.topic, message.time_ns, message.data)
        os.replace(partial, target)
    except OSError as error:
        raise RecordingError(f"cannot write {target}: {error.strerror}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def repaired_folder(folder: Path) -> Path:
    """Where the repaired version of a recording is put."""
    return folder.with_name(f"{folder.name}_repaired")


def _notes(bag: Bag) -> dict[str, str]:
    notes = dict(bag.contents.notes)
    reason = notes.pop(FAILURE, "") or "its recorder was stopped before its end"
    return notes | {INCOMPLETE: reason}

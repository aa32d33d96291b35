"""Where studies are kept: a journal file, or a database by its URL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.exc import SQLAlchemyError

from calibration.errors import CalibrationError
from calibration.study.lock import JournalLock

optuna.logging.set_verbosity(optuna.logging.WARNING)

BROKEN = (ValueError, LookupError, TypeError, AttributeError, AssertionError, OverflowError)
"""What replaying a damaged journal may raise."""

_BEGINNING = b'{"op_code":'


def open_storage(place: str) -> BaseStorage:
    """Open the storage of studies; a file is made if there is none.

    A last line that a killed process left half written is cut off: it is of a trial's step that
    did not happen.

    Args:
        place: Path of a journal file, or the URL of a database (`postgresql://...`), which
            several machines can share.

    Raises:
        CalibrationError: The file is damaged, or the database refuses.
        OSError: The file cannot be read or written.
    """
    if "://" in place:
        with readable(place):
            return RDBStorage(place)
    path = Path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = JournalLock(path)
    with readable(place):
        lock.acquire()
        try:
            _cut_half_line(path)
        finally:
            lock.release()
        return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


@contextlib.contextmanager
def readable(place: str) -> Iterator[None]:
    """Turn what a damaged study file or a refusing database raises into one line.

    Raises:
        CalibrationError: With what is wrong and what to do.
    """
    try:
        yield
    except (SQLAlchemyError, StorageInternalError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise CalibrationError(f"cannot keep a study in that database: {reason}") from error
    except BROKEN as error:
        raise CalibrationError(
            f"study file {place} is damaged: move it away, or name another one with --study"
        ) from error


def _cut_half_line(path: Path) -> None:
    """Drop what stands behind the last line end.

    Raises:
        ValueError: It never was a journal; it is left as it is.
    """
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        if not (content.startswith(_BEGINNING) or _BEGINNING.startswith(content)):
            raise ValueError("not a journal")
        end = content.rfind(b"\n") + 1
        if end < len(content):
            file.truncate(end)

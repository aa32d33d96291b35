"""Writing result files so that nobody ever sees half of one."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, then rename it into place.

    Args:
        path: The file; replaced when it exists.
        data: Its whole content.

    Raises:
        OSError: When the folder cannot be written; no temporary file is left.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except BaseException:  # also when interrupted
        temporary.unlink(missing_ok=True)
        raise

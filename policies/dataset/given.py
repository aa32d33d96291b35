"""What rollouts depend on beside their settings: what ``--policy`` gives, and the code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from policies.errors import DatasetError

_CODE = (
    ("policies.planner", "*.py"),
    ("policies.planner.pair", "*.py"),
    ("policies.dataset", "player.py"),
    ("policies.dataset", "rollouts.py"),
    ("policies", "features.py"),
    ("policies", "library.py"),
    ("policies.bundle", "*.py"),
    ("sim", "*.py"),
    ("sim.pair", "*.py"),
    ("sim", "data/keyboards.json"),
    ("sim", "data/hands/shadow_right.json"),
)


def given_file(given: Path, chunk: str) -> Path:
    """The file of a chunk.

    Args:
        given: a file for all chunks, or a folder with a file for each.
        chunk: its name.

    Raises:
        DatasetError: there is no such file.
    """
    path = given / f"{chunk}.npz" if given.is_dir() else given
    if not path.is_file():
        raise DatasetError(f"{path}: no such file: give a policy or targets for every chunk")
    return path


def given_digest(given: Path | None, chunk: str) -> str:
    """SHA-256 of the file of a chunk, so that no two policies get mixed; "" for the planner.

    Raises:
        DatasetError: there is no such file.
    """
    return "" if given is None else _digest([given_file(given, chunk)])


def code_digest() -> str:
    """SHA-256 of the source of planner, players, noise and simulator, so that no two get mixed."""
    return _digest(
        path
        for package, pattern in _CODE
        for path in sorted(Path(str(resources.files(package))).glob(pattern))
    )


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()

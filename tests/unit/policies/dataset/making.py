"""Makes small datasets and looks into them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import zarr

from policies.dataset import (
    Built,
    Settings,
    build,
    open_workers,
)

RIG = "shadow_pair_88"
N = 3


def make(path: Path, song: Path, settings: Settings) -> Built:
    with open_workers(1) as perform:
        return build(path, [str(song)], settings, perform, lambda status: None)


def opened(path: Path) -> Any:  # noqa: ANN401  # Zarr types what is inside too widely
    """As anybody would, without this project."""
    return zarr.open(path, mode="r")


def content(path: Path) -> dict[str, bytes]:
    return {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}

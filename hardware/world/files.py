"""Reading world files by name or path."""

from __future__ import annotations

import difflib
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from hardware.errors import WorldError
from hardware.world.world import World
from sim.yaml_files import first_complaint, read_yaml

_FOLDER = Path(str(resources.files("hardware.world"))) / "worlds"


def world_names() -> tuple[str, ...]:
    """Names of the example worlds."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def load_world(name_or_path: str | Path) -> World:
    """Read a world by the name of an example or from a YAML file.

    Raises:
        WorldError: no such world, not YAML, or a field that is unknown or out of range; the
            message names the file and the field.
    """
    path = Path(name_or_path)
    if str(name_or_path) in world_names():
        path = _FOLDER / f"{name_or_path}.yaml"
    elif not _is_file(path):
        close = difflib.get_close_matches(str(name_or_path), world_names(), n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"choose {' or '.join(world_names())}"
        raise WorldError(f"no world {str(name_or_path)!r}: {hint}, or give a YAML file")
    try:
        return World.model_validate(read_yaml(path))
    except ValidationError as error:
        raise WorldError(f"{path}: {first_complaint(error)}") from error
    except ValueError as error:
        raise WorldError(f"{path}: {error}") from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name no file can have, or a folder that may not be searched
        return False

"""Reading YAML that people write: data only, and one line on what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

# What PyYAML lets out besides its own errors, e.g. for ``!!int x`` or the date 2001-99-99.
_UNREADABLE = (
    yaml.YAMLError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class Section(BaseModel):
    """A part of a file: frozen, typed, finite, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def read_yaml(path: Path) -> object:
    """The content of a YAML file; tags that would make Python objects are refused.

    Raises:
        ValueError: the file cannot be read or is not YAML; the message is one line.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error
    except _UNREADABLE as error:
        raise ValueError(f"not a YAML file ({_one_line(str(error))})") from error


def first_complaint(error: ValidationError) -> str:
    """The first complaint of a validation as one line: the field, then what is wrong."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return _one_line(f"{field}: {message}" if field else message)


def _one_line(text: str) -> str:
    """Printable, without line breaks, short enough to read."""
    words = " ".join(text.split())
    shown = "".join(letter if letter.isprintable() else "?" for letter in words)
    return shown if len(shown) <= 300 else f"{shown[:300]}…"

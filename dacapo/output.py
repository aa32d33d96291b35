"""What verbs print: one JSON object, a table, or a line of complaint."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence


def print_json(document: Mapping[str, object]) -> None:
    """Prints one JSON object on standard output."""
    print(json.dumps(document, indent=2))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints columns aligned to their widest cell."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def remark(line: str) -> None:
    """Prints a line that is no result on standard error."""
    print(line, file=sys.stderr, flush=True)


def complain(line: str) -> int:
    """Prints a line on standard error.

    Returns:
        Exit code 1, for the caller to pass on.
    """
    remark(line)
    return 1

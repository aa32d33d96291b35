"""The names of the corpus's songs, and their files."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from os import PathLike
from pathlib import Path

from score.errors import ScoreError

KINDS = (".mxl", ".xml", ".musicxml", ".krn")
"""Files that hold one piece as notation (MusicXML, Humdrum); the first wins when two say the same.

Left out are analyses without notes, and ABC, of which many files hold dozens of tunes.
"""

NO_CHORALES = ("bach/bwv846",)
"""What is Bach's in the corpus and no chorale: a prelude."""

INSTALL = ".venv/bin/python -m pip install -e '.[corpus]'"


def is_corpus_name(song: str | PathLike[str]) -> bool:
    """Whether a song is to be looked for in the corpus.

    Args:
        song: A word with a `/` in it that is no file and does not end in `.mid` or `.midi` is.
    """
    path = Path(song)
    if not isinstance(song, str) or path.suffix.lower() in {".mid", ".midi"}:
        return False
    return len(path.parts) > 1 and not path.is_absolute() and not _exists(path)


def corpus_names(folder: str | None = None) -> tuple[str, ...]:
    """The names of the corpus's songs, numbers in them counted as numbers.

    Args:
        folder: Only those of a composer or collection, such as `bach`.

    Raises:
        ScoreError: music21 is not installed, or the corpus has no such folder.
    """
    names = sorted(_files(), key=_in_order)
    folders = sorted({name.split("/")[0] for name in names})
    if folder is not None and folder not in folders:
        raise ScoreError(f"the corpus has no {folder!r}: name one of {', '.join(folders)}")
    return tuple(name for name in names if folder in (None, name.split("/")[0]))


def chorale_names(count: int | None = None) -> tuple[str, ...]:
    """Bach's chorales by BWV number, then by what follows the number; none is skipped.

    All versions of a chorale count, also those with instruments.

    Args:
        count: Only the first so many.

    Raises:
        ScoreError: music21 is not installed.
    """
    names = (name for name in corpus_names("bach") if name not in NO_CHORALES)
    return tuple(names)[:count]


def score_name(song: str) -> str:
    """What the score of a song is called: without `/`, because files are named after it."""
    return song.replace("/", "_")


def corpus_file(name: str) -> Path:
    """Where a song of the corpus lies.

    Raises:
        ScoreError: music21 is not installed, or there is no such song; the message has the nearest.
    """
    if name not in _files():
        raise ScoreError(
            f"neither a file nor a song of the corpus is called {name!r} ({_hint(name)}); "
            "`dacapo songs --corpus bach` lists Bach's"
        )
    return _files()[name]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _hint(name: str) -> str:
    names = corpus_names()
    near = get_close_matches(name.lower(), names, n=3, cutoff=0.7)
    return f"did you mean {' or '.join(near)}?" if near else f"the corpus has {len(names)} songs"


@cache
def _files() -> dict[str, Path]:
    """The file of each song, by name."""
    try:
        from music21 import corpus  # heavy and optional  # noqa: PLC0415
    except ImportError as error:
        raise ScoreError(
            f"names with a / that are no file are the corpus's, which needs music21: run {INSTALL}"
        ) from error
    root = Path(corpus.__file__).parent
    paths = [path for path in corpus.corpora.CoreCorpus().getPaths() if path.suffix in KINDS]
    paths.sort(key=lambda path: KINDS.index(path.suffix), reverse=True)  # a later one wins
    return {path.relative_to(root).with_suffix("").as_posix(): path for path in paths}


def _in_order(name: str) -> list[tuple[str, int]]:
    """Digits by value, so that `bwv2.6` comes before `bwv10.7`."""
    parts = re.findall(r"(\D*)(\d*)", name)
    return [(text, int(digits or -1)) for text, digits in parts]

"""The library of songs that come with the project."""

import os
from difflib import get_close_matches
from os import PathLike
from pathlib import Path

from score.corpus import is_corpus_name, load_corpus_song
from score.errors import ScoreError
from score.midi_read import read_midi
from score.notes import Score

SONGS = Path(__file__).parent / "songs"
"""Where the songs lie, one `.mid` file each."""


def song_names() -> tuple[str, ...]:
    """The names of the library's songs, in alphabetical order."""
    return tuple(sorted(path.stem for path in SONGS.glob("*.mid")))


def load_song(name_or_path: str | PathLike[str]) -> Score:
    """Load a song of the library or the corpus, or any MIDI file.

    Args:
        name_or_path: As for `song_path`, or a name of the corpus, such as `bach/bwv1.6`.

    Raises:
        ScoreError: When there is no such song; the message has the nearest names.
        MidiError: When the file cannot be read.
    """
    if is_corpus_name(name_or_path):
        return load_corpus_song(str(name_or_path))
    return read_midi(song_path(name_or_path))


def song_path(name_or_path: str | PathLike[str]) -> Path:
    """The file of a song of the library, or the path itself.

    Args:
        name_or_path: A name from `song_names`, or the path of a file; what ends in `.mid` or
            `.midi`, or has a folder in it, is always a path.

    Raises:
        ScoreError: When the library has no such song; the message has the nearest names.
    """
    path = Path(name_or_path)
    if path.suffix.lower() in {".mid", ".midi"} or len(path.parts) != 1:
        return path
    name, names = str(name_or_path), song_names()
    if name in names:
        return SONGS / f"{name}.mid"
    if os.path.exists(path):  # unlike Path.exists, False for a name no file can have
        return path
    near = get_close_matches(name.lower().replace(" ", "_"), names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(names)}"
    raise ScoreError(
        f"the library has no song {name!r} ({hint}); give one of its names, one of the corpus "
        "(bach/bwv1.6) or the path of a .mid"
    )

"""From a song's notation to its score."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from score.corpus.names import corpus_file, score_name
from score.errors import ScoreError
from score.notes import Note, Score, without_overlaps

if TYPE_CHECKING:
    from music21.stream import Stream


def load_corpus_song(name: str) -> Score:
    """Convert a song of the corpus.

    All voices of all parts, at sounding pitch; ties are merged, notes of no length (grace notes)
    are dropped, a new onset of a pitch ends the old note. Tempo is the file's, 120 quarters a
    minute where it has none. Each bar is played once: repeats are not expanded, so that no half of
    a song is a copy of the other. There is no pedal.

    Args:
        name: From `corpus_names`, such as `bach/bwv1.6`.

    Raises:
        ScoreError: music21 is not installed, there is no such song, or it cannot be used.
    """
    path = corpus_file(name)
    notes = without_overlaps(_notes(name, path))
    if not notes:
        raise ScoreError(f"the corpus's {name!r} holds no notes; choose another song")
    return Score(score_name(name), notes)


@cache  # music21 takes a third of a second for a chorale, which is asked for several times
def _notes(name: str, path: Path) -> tuple[Note, ...]:
    from music21.exceptions21 import Music21Exception  # heavy and optional  # noqa: PLC0415

    try:
        sheet = _parse(path)
        sheet.toSoundingPitch(inPlace=True)
        timed = sheet.stripTies().flatten().secondsMap
    except Music21Exception as error:
        reason = " ".join(str(error).split())
        raise ScoreError(
            f"the corpus's {name!r} cannot be read: {reason}; choose another"
        ) from error
    return tuple(note for entry in timed for note in _sounding(entry))


def _parse(path: Path) -> Stream[Any]:
    """Parse a file itself: `music21.corpus.parse` reads a pickle from a shared folder instead."""
    from music21.converter import Converter  # noqa: PLC0415
    from music21.stream import Stream  # noqa: PLC0415

    converter = Converter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bars that are too full are for editors to know
        converter.parseFileNoPickle(path)
    return converter.stream or Stream()


def _sounding(entry: dict[str, Any]) -> list[Note]:
    """The notes of one element of a sheet: a note, a chord, or something that does not sound."""
    start_s, end_s = entry["offsetSeconds"], entry["endTimeSeconds"]
    if end_s <= start_s:
        return []
    return [Note(pitch.midi, start_s, end_s) for pitch in getattr(entry["element"], "pitches", ())]

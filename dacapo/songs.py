"""`dacapo songs`: the songs of the library."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass

from dacapo.output import print_json, print_table
from dacapo.verbs import Verbs, add_verb

EPILOG = """\
examples:
  dacapo songs                        names, notes, length, compass
  dacapo play ode_to_joy              play one of them
  dacapo play ~/my_song.mid           or any MIDI file of your own
"""


@dataclass(frozen=True)
class Song:
    """One row of the table."""

    name: str
    notes: int
    duration_s: float
    lowest_pitch: int
    highest_pitch: int


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    add_verb(verbs, "songs", "list the songs of the library", EPILOG, run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    from score import song_names

    songs = [_describe(name) for name in song_names()]
    if arguments.json:
        print_json({"songs": [asdict(song) for song in songs]})
        return 0
    rows = [
        (s.name, s.notes, f"{s.duration_s:.1f}", f"{s.lowest_pitch}-{s.highest_pitch}")
        for s in songs
    ]
    print_table(("song", "notes", "seconds", "pitches"), rows)
    return 0


def _describe(name: str) -> Song:
    from score import load_song

    score = load_song(name)
    pitches = [note.pitch for note in score.notes]
    return Song(name, len(pitches), round(score.duration_s, 3), min(pitches), max(pitches))

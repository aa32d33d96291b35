"""`dacapo songs`: the songs of the library, or of the corpus."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass

from dacapo.output import print_json, print_table, remark
from dacapo.progress import LiveLine, bar
from dacapo.verbs import Verbs, add_verb

LOWEST_PITCH, N_KEYS = 21, 88

EPILOG = """\
examples:
  dacapo songs                        the library: notes, length, compass, difficulty
  dacapo songs --corpus bach          410 songs by Bach, about a minute; others: docs/corpus.md
  dacapo play ode_to_joy              play one of them
  dacapo play bach/bwv1.6             one of the corpus
  dacapo play ~/my_song.mid           or any MIDI file of your own

Difficulty as of 88 keys and the written tempo: most and mean keys at once, presses a second, and
keys from the lowest to the highest of the hand that reaches farther.
"""


@dataclass(frozen=True)
class Song:
    """One row of the table."""

    name: str
    notes: int
    duration_s: float
    lowest_pitch: int
    highest_pitch: int
    most_keys: int
    mean_keys: float
    onsets_per_s: float
    span_keys: float


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "songs", "list the songs of the library or the corpus", EPILOG, run)
    parser.add_argument(
        "--corpus", metavar="FOLDER", help="those of a composer in music21's corpus, such as bach"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    from score import ScoreError, song_names
    from score.corpus import corpus_names

    names = song_names() if arguments.corpus is None else corpus_names(arguments.corpus)
    songs = []
    with LiveLine() as line:
        for name in names:
            try:
                songs.append(_describe(name))
            except ScoreError as error:  # one piece of hundreds that cannot be read
                remark(f"{name}: left out: {error}")
            line.show(f"{name}  {bar(len(songs) / len(names))} {len(songs)} of {len(names)}")
    if arguments.json:
        print_json({"songs": [asdict(song) for song in songs]})
    else:
        _print(songs)
    return 0


def _print(songs: list[Song]) -> None:
    header = ("song", "notes", "seconds", "pitches", "most keys", "mean keys", "onsets/s", "span")
    rows = [
        (
            *(s.name, s.notes, f"{s.duration_s:.1f}", f"{s.lowest_pitch}-{s.highest_pitch}"),
            *(s.most_keys, f"{s.mean_keys:.1f}", f"{s.onsets_per_s:.1f}", f"{s.span_keys:.1f}"),
        )
        for s in songs
    ]
    print_table(header, rows)


def _describe(name: str) -> Song:
    from score import load_song, make_goals
    from score.difficulty import difficulty

    score = load_song(name)
    pitches = [note.pitch for note in score.notes]
    goals = make_goals(score, LOWEST_PITCH, N_KEYS)
    found = difficulty(goals)
    return Song(
        name,
        len(pitches),
        round(score.duration_s, 3),
        min(pitches),
        max(pitches),
        int(goals.keys.sum(axis=1).max()),
        round(found.mean_keys, 3),
        round(found.onsets_per_s, 3),
        round(found.span_keys, 3),
    )

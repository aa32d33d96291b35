"""Write the song library, `score/songs/*.mid`, from the melodies below.

The melodies are traditional or by composers long dead, so they are in the public domain; the
notation here was written for this project. Run it after changing a melody:

    python scripts/make_songs.py

A note is `NAME:BEATS`, as in `F#4:1.5` or `Bb4:.5` (C4 is middle C); `C4+E4:2` is a chord, `R:1` a
rest. A bar ends with `|` and its length is checked; the first and last bar may be incomplete.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from score import Note, Score, write_midi

SONGS = Path(__file__).parents[1] / "score" / "songs"
VELOCITY = 80


@dataclass(frozen=True)
class Song:
    """A melody and how to read it.

    Attributes:
        melody: The notes, bar by bar.
        bar: Length of a bar [quarter notes].
        quarter_s: Length of a quarter note [s].
    """

    melody: str
    bar: float = 4.0
    quarter_s: float = 0.5


LIBRARY = {
    # The four songs of the benchmark: quarter note = 120 per minute.
    "are_you_sleeping": Song(
        """
        C4:1 D4:1 E4:1 C4:1 | C4:1 D4:1 E4:1 C4:1 | E4:1 F4:1 G4:2 | E4:1 F4:1 G4:2 |
        G4:.5 A4:.5 G4:.5 F4:.5 E4:1 C4:1 | G4:.5 A4:.5 G4:.5 F4:.5 E4:1 C4:1 |
        C4:1 G3:1 C4:2 | C4:1 G3:1 C4:2 |
        """
    ),
    "happy_birthday": Song(
        """
        C4:.5 C4:.5 | D4:1 C4:1 F4:1 | E4:2 C4:.5 C4:.5 | D4:1 C4:1 G4:1 | F4:2 C4:.5 C4:.5 |
        C5:1 A4:1 F4:1 | E4:1 D4:2 | Bb4:.5 Bb4:.5 A4:1 F4:1 | G4:1 F4:2 |
        """,
        bar=3.0,
    ),
    "ode_to_joy": Song(
        """
        E4:1 E4:1 F4:1 G4:1 | G4:1 F4:1 E4:1 D4:1 | C4:1 C4:1 D4:1 E4:1 | E4:1.5 D4:.5 D4:2 |
        E4:1 E4:1 F4:1 G4:1 | G4:1 F4:1 E4:1 D4:1 | C4:1 C4:1 D4:1 E4:1 | D4:1.5 C4:.5 C4:2 |
        """
    ),
    "twinkle_twinkle_little_star": Song(
        """
        C4:1 C4:1 G4:1 G4:1 | A4:1 A4:1 G4:2 | F4:1 F4:1 E4:1 E4:1 | D4:1 D4:1 C4:2 |
        G4:1 G4:1 F4:1 F4:1 | E4:1 E4:1 D4:2 | G4:1 G4:1 F4:1 F4:1 | E4:1 E4:1 D4:2 |
        C4:1 C4:1 G4:1 G4:1 | A4:1 A4:1 G4:2 | F4:1 F4:1 E4:1 E4:1 | D4:1 D4:1 C4:2 |
        """
    ),
    # Exercises and further songs, from easy to hard.
    "c_major_scale": Song(
        """
        C4:1 D4:1 E4:1 F4:1 | G4:1 A4:1 B4:1 C5:1 | C5:1 B4:1 A4:1 G4:1 | F4:1 E4:1 D4:1 C4:1 |
        """
    ),
    "hot_cross_buns": Song(
        """
        E4:1 D4:1 C4:2 | E4:1 D4:1 C4:2 | C4:.5 C4:.5 C4:.5 C4:.5 D4:.5 D4:.5 D4:.5 D4:.5 |
        E4:1 D4:1 C4:2 |
        """
    ),
    "mary_had_a_little_lamb": Song(
        """
        E4:1 D4:1 C4:1 D4:1 | E4:1 E4:1 E4:2 | D4:1 D4:1 D4:2 | E4:1 G4:1 G4:2 |
        E4:1 D4:1 C4:1 D4:1 | E4:1 E4:1 E4:1 E4:1 | D4:1 D4:1 E4:1 D4:1 | C4:4 |
        """
    ),
    "jingle_bells": Song(
        """
        E4:1 E4:1 E4:2 | E4:1 E4:1 E4:2 | E4:1 G4:1 C4:1.5 D4:.5 | E4:4 |
        F4:1 F4:1 F4:1.5 F4:.5 | F4:1 E4:1 E4:1 E4:1 | E4:1 D4:1 D4:1 E4:1 | D4:2 G4:2 |
        E4:1 E4:1 E4:2 | E4:1 E4:1 E4:2 | E4:1 G4:1 C4:1.5 D4:.5 | E4:4 |
        F4:1 F4:1 F4:1.5 F4:.5 | F4:1 E4:1 E4:1 E4:1 | G4:1 G4:1 F4:1 D4:1 | C4:4 |
        """
    ),
    "auld_lang_syne": Song(
        """
        C4:1 | F4:1.5 F4:.5 F4:1 A4:1 | G4:1.5 F4:.5 G4:1 A4:1 | F4:1.5 F4:.5 A4:1 C5:1 |
        D5:3 D5:1 | C5:1.5 A4:.5 A4:1 F4:1 | G4:1.5 F4:.5 G4:1 A4:1 | F4:1.5 D4:.5 D4:1 C4:1 |
        F4:3 |
        """
    ),
    # Thirds: two fingers down together, a rest to move both.
    "chords_in_thirds": Song(
        """
        C4+E4:1.5 R:.5 D4+F4:1.5 R:.5 | E4+G4:1.5 R:.5 F4+A4:1.5 R:.5 |
        G4+B4:1.5 R:.5 A4+C5:1.5 R:.5 | G4+B4:1.5 R:.5 F4+A4:1.5 R:.5 |
        E4+G4:1.5 R:.5 D4+F4:1.5 R:.5 | C4+E4:4 |
        """
    ),
    # Christian Petzold, about 1725: runs, an F sharp, leaps of an octave.
    "minuet_in_g": Song(
        """
        D5:1 G4:.5 A4:.5 B4:.5 C5:.5 | D5:1 G4:1 G4:1 | E5:1 C5:.5 D5:.5 E5:.5 F#5:.5 |
        G5:1 G4:1 G4:1 | C5:1 D5:.5 C5:.5 B4:.5 A4:.5 | B4:1 C5:.5 B4:.5 A4:.5 G4:.5 |
        F#4:1 G4:.5 A4:.5 B4:.5 G4:.5 | A4:3 |
        D5:1 G4:.5 A4:.5 B4:.5 C5:.5 | D5:1 G4:1 G4:1 | E5:1 C5:.5 D5:.5 E5:.5 F#5:.5 |
        G5:1 G4:1 G4:1 | C5:1 D5:.5 C5:.5 B4:.5 A4:.5 | B4:1 C5:.5 B4:.5 A4:.5 G4:.5 |
        A4:1 B4:.5 A4:.5 G4:.5 F#4:.5 | G4:3 |
        """,
        bar=3.0,
        quarter_s=0.7,
    ),
    # Ludwig van Beethoven, 1810, at a practising tempo: semitones to and from black keys.
    "fuer_elise": Song(
        """
        E5:.25 D#5:.25 | E5:.25 D#5:.25 E5:.25 B4:.25 D5:.25 C5:.25 |
        A4:.5 R:.25 C4:.25 E4:.25 A4:.25 | B4:.5 R:.25 E4:.25 G#4:.25 B4:.25 |
        C5:.5 R:.25 E4:.25 E5:.25 D#5:.25 | E5:.25 D#5:.25 E5:.25 B4:.25 D5:.25 C5:.25 |
        A4:.5 R:.25 C4:.25 E4:.25 A4:.25 | B4:.5 R:.25 E4:.25 C5:.25 B4:.25 | A4:1 |
        """,
        bar=1.5,
        quarter_s=2.0,
    ),
}

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1}


def pitch_of(name: str) -> int:
    """The MIDI number of a note name such as `Bb4`."""
    match = re.fullmatch(r"([A-G])([#b]?)(\d)", name)
    if match is None:
        raise ValueError(f"{name!r} is no note name; write it like F#4")
    step, accidental, octave = match.groups()
    return 12 * (int(octave) + 1) + _STEPS[step] + _ACCIDENTALS[accidental]


def score_of(name: str, song: Song) -> Score:
    """The score of a melody; raises `ValueError` when a bar has the wrong length."""
    notes: list[Note] = []
    beat = 0.0
    bars = [bar.split() for bar in song.melody.split("|") if bar.split()]
    for i, bar in enumerate(bars):
        start = beat
        for word in bar:
            names, beats = word.split(":")
            end = beat + float(beats)
            if names != "R":
                times = (beat * song.quarter_s, end * song.quarter_s)
                notes += [Note(pitch_of(one), *times, VELOCITY) for one in names.split("+")]
            beat = end
        if beat - start != song.bar and i not in (0, len(bars) - 1):
            raise ValueError(f"bar {i + 1} of {name} has {beat - start} beats, not {song.bar}")
    return Score(name, tuple(notes))


def main() -> None:
    """Write every song."""
    for name, song in LIBRARY.items():
        score = score_of(name, song)
        write_midi(score, SONGS / f"{name}.mid", song.quarter_s)
        print(f"{name}: {len(score.notes)} notes, {score.duration_s:.1f} s")


if __name__ == "__main__":
    main()

"""Write the split of library and corpus, `policies/imitation/splits/corpus.yaml`.

    python scripts/make_split.py

The rule, which nobody's results have a say in:

1. Candidates are the library, Bach's chorales and the corpus's shortest pieces for piano, as RP1M
   slows them (1.25), if they fit one chunk of a dataset (550 control steps): a song is then one
   group, and no part of it is in another column. What asks for more than ten keys at once, one a
   finger, is left out.
2. They are sorted by difficulty, easy to hard: by the figure that exceeds the limit of `EASY` most.
   Of songs that are copies of each other (`score.likeness`) the easiest stays.
3. Those within all limits are easy, the others hard. Of each half six songs, evenly spaced in that
   order, are never trained on; of what remains of it, 14 evenly spaced ones are.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from policies.dataset.chunks import CHUNK_STEPS
from score import Score, load_song, song_names, write_whole
from score.corpus import chorale_names
from score.difficulty import Difficulty, difficulty
from score.likeness import COPY_FROM, likeness
from score.robopianist import load_goals

SPLIT = Path(__file__).parents[1] / "policies" / "imitation" / "splits" / "corpus.yaml"
PIANO = (
    "mozart/k545/movement1_exposition",
    "schoenberg/opus19/movement2",
    "schoenberg/opus19/movement6",
)
STRETCH = 1.25
FINGERS = 10
# About the median chorale of those that fit: four voices, 7.4 presses/s, a hand spans 7.7 keys.
EASY = Difficulty(mean_keys=4.5, onsets_per_s=7.5, span_keys=8.0)
UNSEEN, TRAINED = 6, 14

HEADER = """\
# Songs of library and corpus, written by scripts/make_split.py, which has the rule.
# Of the size of a chunk at a stretch of 1.25, none a copy of another.
schema: 1
"""


@dataclass(frozen=True)
class Candidate:
    """A song, and by how much its worst figure exceeds `EASY`."""

    name: str
    score: Score
    excess: float


def candidates() -> list[Candidate]:
    """What fits, easy to hard, without copies."""
    found = []
    for name in (*song_names(), *chorale_names(), *PIANO):
        goals = load_goals(name, stretch=STRETCH)
        if goals.n_steps <= CHUNK_STEPS and goals.keys.sum(axis=1).max() <= FINGERS:
            excess = difficulty(goals).relative_to(EASY)
            found.append(Candidate(name, load_song(name), excess))
    return without_copies(sorted(found, key=attrgetter("excess", "name")))


def without_copies(songs: list[Candidate]) -> list[Candidate]:
    """Those that are no copy of one before them."""
    kept: list[Candidate] = []
    for song in songs:
        if all(likeness(song.score, other.score) < COPY_FROM for other in kept):
            kept.append(song)
    return kept


def spread(songs: list[str], count: int) -> list[str]:
    """So many of them, evenly spaced."""
    return [songs[(2 * i + 1) * len(songs) // (2 * count)] for i in range(count)]


def split(names: list[str]) -> tuple[list[str], list[str]]:
    """Unseen and trained ones of one half."""
    unseen = spread(names, UNSEEN)
    return unseen, spread([name for name in names if name not in unseen], TRAINED)


def main() -> None:
    """Choose, write."""
    songs = candidates()
    easy, learned = split([song.name for song in songs if song.excess <= 1.0])
    hard, learned_hard = split([song.name for song in songs if song.excess > 1.0])
    limits = (
        f"{{mean_keys: {EASY.mean_keys}, onsets_per_s: {EASY.onsets_per_s}, "
        f"span_keys: {EASY.span_keys}}}"
    )
    columns = {"train": learned + learned_hard, "easy": easy, "hard": hard}
    lines = [f"easy_at_most: {limits}"]
    for column, names in columns.items():
        lines += [f"{column}:", *(f"  - {name}" for name in names)]
    write_whole(SPLIT, (HEADER + "\n".join(lines) + "\n").encode())
    print(f"{SPLIT.name}: {len(songs)} candidates without copies")


if __name__ == "__main__":
    main()

"""Write the splits of library and corpus, `policies/imitation/splits/*.yaml`.

    python scripts/make_split.py

The rule, which nobody's results have a say in:

1. Candidates are the library, Bach's chorales and what the corpus has for piano or few voices
   (`OTHERS`), slowed as RP1M does (1.25), of at most `LONGEST` control steps and ten keys at once,
   one a finger.
2. A song's difficulty is one number: the figure that exceeds the limit of `EASY` most, as a
   multiple of it. Up to 1 a song is easy, else hard. Of songs that are copies of each other
   (`score.likeness`) the easiest stays.
3. Of each half, six songs are never trained on: those nearest to six difficulties, evenly spaced
   from the half's easiest to its hardest song. 14 to train on are chosen of the rest in the same
   way, among those that fit one chunk of a dataset: a song is then one group there. Methods were
   made with these in sight (`development.yaml`), so six more of what is left are chosen in the same
   way: what nobody has seen (`corpus.yaml`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from operator import attrgetter
from pathlib import Path

from policies.dataset.chunks import CHUNK_STEPS
from score import Score, load_song, song_names, write_whole
from score.corpus import chorale_names, corpus_names
from score.difficulty import Difficulty, difficulty
from score.likeness import COPY_FROM, likeness
from score.robopianist import load_goals

SPLITS = Path(__file__).parents[1] / "policies" / "imitation" / "splits"
NAMES = ("development", "corpus")
OTHERS = (
    *("beach", "chopin", "ciconia", "corelli", "cpebach", "joplin", "leadSheet", "liliuokalani"),
    *("luca", "lusitano", "schoenberg", "schumann_clara"),
)
STRETCH = 1.25
FINGERS = 10
LONGEST = 5 * CHUNK_STEPS
# About the median of the chorales that fit one chunk: four voices, 7.4 presses/s, span of 7.7 keys.
EASY = Difficulty(mean_keys=4.5, onsets_per_s=7.5, span_keys=8.0)
UNSEEN, TRAINED = 6, 14

HEADER = """\
# Songs of library and corpus, written by scripts/make_split.py, which has the rule.
# Unseen songs of development.yaml are to choose methods by, those of corpus.yaml to report.
# None is a copy of another; those to train on fit one chunk at a stretch of 1.25.
schema: 1
"""


@dataclass(frozen=True)
class Candidate:
    """A song, its difficulty in limits of `EASY`, and whether it fits one chunk."""

    name: str
    score: Score
    difficulty: float
    fits: bool


def candidates() -> list[Candidate]:
    """Songs that ten fingers have a chance with, easy to hard, without copies."""
    found = []
    others = (name for folder in OTHERS for name in corpus_names(folder))
    for name in (*song_names(), *chorale_names(), *others):
        goals = load_goals(name, stretch=STRETCH)
        if goals.n_steps <= LONGEST and goals.keys.sum(axis=1).max() <= FINGERS:
            excess = difficulty(goals).relative_to(EASY)
            fits = goals.n_steps <= CHUNK_STEPS
            found.append(Candidate(name, load_song(name), excess, fits))
    return without_copies(sorted(found, key=attrgetter("difficulty", "name")))


def without_copies(songs: list[Candidate]) -> list[Candidate]:
    """Those that are no copy of one before them."""
    kept: list[Candidate] = []
    for song in songs:
        if all(likeness(song.score, other.score) < COPY_FROM for other in kept):
            kept.append(song)
    return kept


def spread(songs: list[Candidate], count: int) -> list[Candidate]:
    """So many of them, evenly over their difficulties."""
    low, high = songs[0].difficulty, songs[-1].difficulty
    left = list(songs)
    return [_take(left, low + (i + 0.5) / count * (high - low)) for i in range(count)]


def _take(songs: list[Candidate], wanted: float) -> Candidate:
    """The one nearest to a difficulty, which then is gone; the easier of two."""
    nearest = min(songs, key=lambda song: abs(song.difficulty - wanted))
    songs.remove(nearest)
    return nearest


def splits(songs: list[Candidate]) -> list[dict[str, list[str]]]:
    """The columns of the splits in `NAMES`, which train on the same songs."""
    train: list[str] = []
    unseen: list[dict[str, list[str]]] = [{} for _ in NAMES]
    for column, is_easy in (("easy", True), ("hard", False)):
        half = [song for song in songs if (song.difficulty <= 1.0) is is_easy]
        first = spread(half, UNSEEN)
        rest = [song for song in half if song not in first]
        trained = spread([song for song in rest if song.fits], TRAINED)
        second = spread([song for song in rest if song not in trained], UNSEEN)
        train += [song.name for song in trained]
        for columns, chosen in zip(unseen, (first, second), strict=True):
            columns[column] = [song.name for song in chosen]
    return [{"train": train, **columns} for columns in unseen]


def write(name: str, columns: dict[str, list[str]]) -> None:
    """Write a split."""
    limits = ", ".join(f"{figure}: {limit}" for figure, limit in asdict(EASY).items())
    lines = [f"easy_at_most: {{{limits}}}"]
    for column, names in columns.items():
        lines += [f"{column}:", *(f"  - {song}" for song in names)]
    write_whole(SPLITS / f"{name}.yaml", (HEADER + "\n".join(lines) + "\n").encode())


def main() -> None:
    """Choose, write."""
    songs = candidates()
    for name, columns in zip(NAMES, splits(songs), strict=True):
        write(name, columns)
    print(f"{' and '.join(NAMES)}: of {len(songs)} songs, none a copy of another")


if __name__ == "__main__":
    main()

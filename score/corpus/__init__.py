"""Songs of music21's corpus: notation that installs as a package, played as written."""

from score.corpus.names import (
    chorale_names,
    corpus_file,
    corpus_names,
    is_corpus_name,
    score_name,
)
from score.corpus.reading import load_corpus_song

__all__ = [
    "chorale_names",
    "corpus_file",
    "corpus_names",
    "is_corpus_name",
    "load_corpus_song",
    "score_name",
]

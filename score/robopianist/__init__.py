"""Goals as RoboPianist makes them: its reading, trimming and rolls of MIDI files, bit for bit.

`score` itself reads files more carefully (tempos of all tracks, silence at both ends, a gap before
every repeated note). This package is for comparing with published numbers: it keeps the published
rules, oddities included (github.com/google-research/robopianist, PyPI 1.0.10, through note_seq
0.0.5 and pretty_midi 0.2.11).
"""

from score.robopianist.goals import goals_of_rolls, load_goals
from score.robopianist.reading import read_sequence
from score.robopianist.rolls import Rolls, make_rolls
from score.robopianist.sequence import Control, Sequence, SequenceNote
from score.robopianist.trimming import trimmed

__all__ = [
    "Control",
    "Rolls",
    "Sequence",
    "SequenceNote",
    "goals_of_rolls",
    "load_goals",
    "make_rolls",
    "read_sequence",
    "trimmed",
]

"""Goals: which keys should be down at every control step of a song."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from score.grid import CONTROL_STEP_S, LOOKAHEAD, row_at
from score.notes import Pedal, Score
from score.placement import place, rows_of

TAIL_S = 0.2
"""Silence scored after the end of the last note [s]; more would flatter frame F1."""


@dataclass(frozen=True, slots=True)
class Press:
    """One note on the control grid.

    Attributes:
        key: Index on the keyboard, 0 = lowest.
        start: First row in which the key is down.
        end: First row in which it is up again; at least `start + 1`.
    """

    key: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Goals:
    """What a song asks of the keys, control step by control step. The arrays are read-only.

    Attributes:
        name: Name of the song.
        score: The placed score: first note at 0.5 s, gaps before repeated notes taken.
        lowest_pitch: Pitch of key 0.
        n_keys: Number of keys of the keyboard.
        keys: Boolean `[n_steps, n_keys]`; row `t` holds the keys due at `(t + 1) * 0.05` s.
        sustain: Boolean `[n_steps]`, whether the pedal is due then.
        presses: The notes of `score` in rows, sorted by start, then key.
    """

    name: str
    score: Score
    lowest_pitch: int
    n_keys: int
    keys: NDArray[np.bool_]
    sustain: NDArray[np.bool_]
    presses: tuple[Press, ...]
    _padded: NDArray[np.bool_] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        beyond = np.zeros((LOOKAHEAD + 1, self.n_keys), dtype=np.bool_)
        object.__setattr__(self, "_padded", np.concatenate([self.keys, beyond]))
        for array in (self.keys, self.sustain, self._padded):
            array.setflags(write=False)

    @property
    def n_steps(self) -> int:
        """Number of control steps."""
        return len(self.keys)

    @property
    def duration_s(self) -> float:
        """Length of the goals [s]."""
        return self.n_steps * CONTROL_STEP_S

    def lookahead(self, t: int) -> NDArray[np.bool_]:
        """The goal as a policy sees it before control step `t`.

        Args:
            t: Control step, 0 or more; steps past the end are silent.

        Returns:
            Boolean `[LOOKAHEAD + 1, n_keys]`, read-only: row 0 is to be reached by the end of step
            `t`, row `i` by the end of step `t + i`; zeros past the end of the song.

        Raises:
            IndexError: When `t` is negative.
        """
        if t < 0:
            raise IndexError(f"control step {t} is before the start of {self.name!r}")
        first = min(t, self.n_steps)
        return self._padded[first : first + LOOKAHEAD + 1]

    def then_silence(self, rows: int) -> "Goals":
        """The same with so many silent rows more at the end."""
        keys = np.concatenate([self.keys, np.zeros((rows, self.n_keys), np.bool_)])
        sustain = np.concatenate([self.sustain, np.zeros(rows, np.bool_)])
        return replace(self, keys=keys, sustain=sustain)


def make_goals(score: Score, lowest_pitch: int, n_keys: int) -> Goals:
    """Turn a score into goals for a keyboard.

    Row `t` is the set of keys due at score time `(t + 1) * 0.05` s. The first note that has a key
    is placed at 0.5 s, 0.2 s follow the end of the last; see `place` for the rules between.

    Args:
        score: Any score; notes that have no key are left out (`lint` lists them).
        lowest_pitch: Pitch of key 0.
        n_keys: Number of keys.

    Raises:
        ScoreError: When no note has a key.
    """
    placed = place(score, lowest_pitch, n_keys)
    n_steps = row_at(placed.duration_s + TAIL_S) + 1
    unsorted = (Press(note.pitch - lowest_pitch, *rows_of(note)) for note in placed.notes)
    presses = tuple(sorted(unsorted, key=lambda press: (press.start, press.key)))
    keys = np.zeros((n_steps, n_keys), dtype=np.bool_)
    for press in presses:
        keys[press.start : press.end, press.key] = True
    sustain = _sustain(placed.pedal, n_steps)
    return Goals(score.name, placed, lowest_pitch, n_keys, keys, sustain, presses)


def _sustain(pedal: tuple[Pedal, ...], n_steps: int) -> NDArray[np.bool_]:
    """The pedal on the control grid, `[n_steps]`; it starts up."""
    sustain = np.zeros(n_steps, dtype=np.bool_)
    for move in pedal:
        sustain[max(row_at(move.time_s), 0) :] = move.down
    return sustain

"""Goal rolls as RoboPianist makes them of sequences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from score.errors import ScoreError
from score.grid import CONTROL_STEP_S
from score.midi_tracks import SUSTAIN
from score.robopianist.sequence import HIGHEST_PITCH, LOWEST_PITCH, Sequence

N_KEYS = HIGHEST_PITCH - LOWEST_PITCH + 1
PER_S = 1.0 / CONTROL_STEP_S


@dataclass(frozen=True, eq=False)
class Rolls:
    """Keys and pedal, control step by control step.

    Attributes:
        keys: Boolean `[n_steps, 88]`.
        sustain: Boolean `[n_steps]`.
    """

    keys: NDArray[np.bool_]
    sustain: NDArray[np.bool_]


def make_rolls(sequence: Sequence, silence_s: float = 0.0) -> Rolls:
    """Rolls of a sequence.

    A note takes every step that it touches. A pitch that sounds already and begins again is left
    out for that step, so that a repeated note can be told from a long one.

    Args:
        sequence: The music.
        silence_s: Time before it in which nothing is due [s].

    Raises:
        ScoreError: A pitch has no key among 88.
    """
    n_steps = int(sequence.total_s * PER_S + 1)
    sounds, begins = np.zeros((2, n_steps, N_KEYS), np.bool_)
    for note in sequence.notes:
        if not LOWEST_PITCH <= note.pitch <= HIGHEST_PITCH:
            raise ScoreError(f"pitch {note.pitch} has no key among 88 ({LOWEST_PITCH} to 108)")
        first = int(note.start_s * PER_S)
        last = max(first + 1, math.ceil(note.end_s * PER_S))
        sounds[first:last, note.pitch - LOWEST_PITCH] = True
        begins[first, note.pitch - LOWEST_PITCH] = True
    keys = sounds.copy()
    keys[1:] &= ~(sounds[:-1] & begins[1:])
    empty = round(silence_s / CONTROL_STEP_S)
    sustain = np.concatenate([np.zeros(empty, np.bool_), _sustain(sequence, n_steps)])
    return Rolls(np.concatenate([np.zeros((empty, N_KEYS), np.bool_), keys]), sustain)


def _sustain(sequence: Sequence, n_steps: int) -> NDArray[np.bool_]:
    """The pedal at every step: the last message of a step holds until the next."""
    last = {
        int(control.time_s * PER_S): control.value >= SUSTAIN
        for control in sequence.controls
        if control.number == SUSTAIN
    }
    sustain, down = np.zeros(n_steps, np.bool_), False
    for step in range(n_steps):
        sustain[step] = down = last.get(step, down)
    return sustain

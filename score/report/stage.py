"""The stage of the animation: keys and fingertips seen from above, as data for the page."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from score.goals import Goals
from score.notes import Note
from score.report.names import is_black
from score.report.pairs import Comparison


@dataclass(frozen=True, eq=False)
class Stage:
    """Keys and fingertips from above; x points to the player, y to the high notes.

    Attributes:
        key_boxes: x and y of the far low and the near high corner of each key, shape
            ``(n_keys, 4)`` as ``x0, y0, x1, y1`` [m].
        times_s: score times of the fingertips, ascending, shape ``(n_times,)`` [s].
        fingertips: x and y of each fingertip, shape ``(n_times, n_fingers, 2)`` [m].
        tip_radius_m: radius of a fingertip [m].
    """

    key_boxes: NDArray[np.float64]
    times_s: NDArray[np.float64]
    fingertips: NDArray[np.float64]
    tip_radius_m: float


def stage_data(stage: Stage, goals: Goals, notes: Comparison) -> str:
    """Everything that the animation needs, as JSON that is safe inside a script element.

    Lengths are in tenths of a millimetre and times in milliseconds, so that numbers stay short.
    """

    def note_data(note: Note, kind: int) -> list[int]:
        return [note.pitch - goals.lowest_pitch, _ms(note.start_s), _ms(note.end_s), kind]

    played = [(pair.played, 1) for pair in notes.pairs] + [(note, 0) for note in notes.extra]
    n_keys, n_times = len(stage.key_boxes), len(stage.times_s)
    content = {
        "durationMs": _ms(goals.duration_s),
        "lowestPitch": goals.lowest_pitch,
        "keys": _tenths(stage.key_boxes).tolist(),
        "black": [key for key in range(n_keys) if is_black(goals.lowest_pitch + key)],
        "due": [note_data(pair.due, int(pair.played is not None)) for pair in notes.pairs],
        "played": [note_data(note, kind) for note, kind in played if note is not None],
        "tipTimesMs": [_ms(time_s) for time_s in stage.times_s],
        "tips": _tenths(stage.fingertips).reshape(n_times, -1).tolist(),
        "tipRadius": stage.tip_radius_m * 1e4,
    }
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _ms(time_s: float) -> int:
    return round(time_s * 1000)


def _tenths(metres: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.round(metres * 1e4).astype(np.int64)

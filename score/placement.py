"""Placing a score on the keyboard and on the control grid, before goals are made of it."""

from dataclasses import replace

from score.errors import ScoreError
from score.grid import CONTROL_STEP_S, row_at
from score.notes import Note, Pedal, Score

LEAD_IN_S = 0.5
"""Score time of the first note [s]: time to reach it; more silence would flatter frame F1."""

SNAP_S = 0.001
"""Times this close to the grid are put on it [s]: MIDI tempos are whole microseconds per beat."""


def place(score: Score, lowest_pitch: int, n_keys: int) -> Score:
    """Put a score on a keyboard and on the control grid.

    Notes that have no key are left out (`lint` lists them). The first note starts at 0.5 s. Times
    within 1 ms of the grid move onto it, a note shorter than a control step lasts one, two onsets
    of one pitch within one control step are one note. A repeated note takes a gap of exactly one
    control step from the end of the note before, and none from a note of one step.

    Args:
        score: Any score.
        lowest_pitch: Pitch of key 0.
        n_keys: Number of keys.

    Returns:
        The placed score: playing it exactly gives exactly the goal.

    Raises:
        ScoreError: When no note has a key.
    """
    pitches = range(lowest_pitch, lowest_pitch + n_keys)
    inside = [note for note in score.notes if note.pitch in pitches]
    if not inside:
        raise ScoreError(
            f"no note of {score.name!r} fits the keyboard (pitch {lowest_pitch} to "
            f"{lowest_pitch + n_keys - 1}); transpose the score or choose another rig"
        )
    shift_s = LEAD_IN_S - inside[0].start_s
    by_pitch: dict[int, list[Note]] = {}
    for note in inside:
        _append(by_pitch.setdefault(note.pitch, []), _snapped(note, shift_s))
    placed = tuple(note for same in by_pitch.values() for note in same)
    pedal = tuple(Pedal(max(_snap(p.time_s + shift_s), 0.0), p.down) for p in score.pedal)
    return Score(score.name, placed, pedal)


def rows_of(note: Note) -> tuple[int, int]:
    """The rows `[start, end)` that a placed note occupies."""
    return row_at(note.start_s), row_at(note.end_s)


def _snap(time_s: float) -> float:
    steps = time_s / CONTROL_STEP_S
    on_grid = abs(steps - round(steps)) * CONTROL_STEP_S <= SNAP_S
    return round(steps) * CONTROL_STEP_S if on_grid else time_s


def _snapped(note: Note, shift_s: float) -> Note:
    start_s = _snap(note.start_s + shift_s)
    end_s = max(_snap(note.end_s + shift_s), start_s + CONTROL_STEP_S)
    return replace(note, start_s=start_s, end_s=end_s)


def _append(same: list[Note], note: Note) -> None:
    """Add the next note of a pitch, taking room for it from the note before."""
    if not same or rows_of(same[-1])[1] < rows_of(note)[0]:
        same.append(note)
        return
    before = same[-1]
    first, start = rows_of(before)[0], rows_of(note)[0]
    if first == start:
        same[-1] = replace(before, end_s=max(before.end_s, note.end_s))
        return
    # Of two rows or more the last is given up; a single row keeps its place and touches the next.
    end_s = note.start_s - CONTROL_STEP_S if start - first > 1 else note.start_s
    same[-1] = replace(before, end_s=min(before.end_s, end_s))
    same.append(note)

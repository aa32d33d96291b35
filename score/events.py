"""Key events: what a keyboard reports, and the rolls and notes they amount to."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from score.errors import ScoreError
from score.grid import row_at
from score.notes import Note, Score

SHORTEST_NOTE_S = 0.001
"""A key that goes down and up at one moment counts as a note of this length [s]."""


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One key going down or coming up.

    Attributes:
        time_s: Score time of the trigger crossing [s]; 0 is the start of the first control step.
        key: Index on the keyboard, 0 = lowest.
        down: True when the key goes down.
        velocity: MIDI velocity, 0 to 127.

    Raises:
        ScoreError: When the time is not finite, or the key or velocity is out of range.
    """

    time_s: float
    key: int
    down: bool
    velocity: int = 64

    def __post_init__(self) -> None:
        if not math.isfinite(self.time_s):
            raise ScoreError(f"key {self.key} has an event at {self.time_s} s; time must be finite")
        if self.key < 0:
            raise ScoreError(f"key {self.key} at {self.time_s} s is not a key; the lowest is 0")
        if not 0 <= self.velocity <= 127:
            raise ScoreError(f"velocity {self.velocity} of key {self.key} is not in 0 to 127")


@dataclass(frozen=True, slots=True)
class Hold:
    """One key held down from one moment to another.

    Attributes:
        key: Index on the keyboard, 0 = lowest.
        start_s: When it went down [s], score time.
        end_s: When it came up or was struck again [s]; infinite when it never did.
        velocity: MIDI velocity of the press.
    """

    key: int
    start_s: float
    end_s: float
    velocity: int


def holds_of_events(events: Iterable[KeyEvent]) -> tuple[Hold, ...]:
    """Pair every key going down with its coming up.

    A key that goes down while down has been struck again: the hold before ends there. A key that
    comes up while up changes nothing.

    Args:
        events: In any order; events of one moment take effect in the order given.

    Returns:
        The holds, sorted by start, then key.
    """
    return tuple(sorted(_pair(events), key=lambda hold: (hold.start_s, hold.key)))


def _pair(events: Iterable[KeyEvent]) -> Iterator[Hold]:
    pressed: dict[int, KeyEvent] = {}
    for event in sorted(events, key=lambda event: event.time_s):
        press = pressed.pop(event.key, None)
        if press is not None:
            yield Hold(event.key, press.time_s, event.time_s, press.velocity)
        if event.down:
            pressed[event.key] = event
    for press in pressed.values():
        yield Hold(press.key, press.time_s, math.inf, press.velocity)


def roll_of_events(events: Iterable[KeyEvent], n_steps: int, n_keys: int) -> NDArray[np.bool_]:
    """Sample key events on the control grid.

    A press between two samples is invisible, as in RoboPianist, where the state after the last
    physics step of a control step counts.

    Args:
        events: In any order; events after the last row are left out.
        n_steps: Rows of the roll.
        n_keys: Keys of the keyboard.

    Returns:
        Boolean array `[n_steps, n_keys]`; row `t` holds the keys down at `(t + 1) * 0.05` s.

    Raises:
        ScoreError: When an event names a key that the keyboard does not have.
    """
    roll = np.zeros((n_steps, n_keys), dtype=np.bool_)
    for hold in holds_of_events(events):
        require_key(hold.key, n_keys)
        end = n_steps if math.isinf(hold.end_s) else max(row_at(hold.end_s), 0)
        roll[max(row_at(hold.start_s), 0) : end, hold.key] = True
    return roll


def since_zero(events: Iterable[KeyEvent]) -> tuple[KeyEvent, ...]:
    """What of key events belongs to score time; a key that was down before is pressed at 0 s.

    Args:
        events: In the order in which they happened; times before score time 0 are negative.
    """
    down_before: dict[int, KeyEvent] = {}
    later = []
    for event in events:
        if event.time_s >= 0.0:
            later.append(event)
        elif event.down:
            down_before[event.key] = replace(event, time_s=0.0)
        else:
            down_before.pop(event.key, None)
    return (*down_before.values(), *later)


def require_key(key: int, n_keys: int) -> None:
    """Raise `ScoreError` when a keyboard of `n_keys` keys has no key `key`."""
    if key >= n_keys:
        raise ScoreError(
            f"an event names key {key} but the keyboard has keys 0 to {n_keys - 1}; "
            "check the keyboard's lowest pitch and number of keys"
        )


def events_of_score(score: Score, lowest_pitch: int) -> tuple[KeyEvent, ...]:
    """The key events of a performance that plays every note of `score` at its very time.

    Args:
        score: No note lower than `lowest_pitch`.
        lowest_pitch: Pitch of key 0.

    Returns:
        The events sorted by time, at one moment releases first.

    Raises:
        ScoreError: When a note lies below the keyboard.
    """
    events = [
        event
        for note in score.notes
        for event in (
            KeyEvent(note.start_s, note.pitch - lowest_pitch, True, note.velocity),
            KeyEvent(note.end_s, note.pitch - lowest_pitch, False, 0),
        )
    ]
    return tuple(sorted(events, key=lambda event: (event.time_s, event.down)))


def notes_of_events(
    events: Sequence[KeyEvent], lowest_pitch: int, end_s: float = 0.0
) -> tuple[Note, ...]:
    """The notes that key events amount to.

    Presses before 0 s count from 0 s; a key that never came up ends with the performance.

    Args:
        events: In any order.
        lowest_pitch: Pitch of key 0.
        end_s: End of the performance [s]; the last event's time when that is later.

    Returns:
        The notes sorted by start, then pitch; each lasts at least 1 ms.

    Raises:
        ScoreError: When a key has no MIDI number.
    """
    last_s = max((event.time_s for event in events), default=0.0)
    notes = []
    for hold in holds_of_events(events):
        start_s = max(hold.start_s, 0.0)
        stop_s = min(hold.end_s, max(end_s, last_s))
        stop_s = max(stop_s, start_s + SHORTEST_NOTE_S)
        notes.append(Note(lowest_pitch + hold.key, start_s, stop_s, max(hold.velocity, 1)))
    return tuple(sorted(notes, key=lambda note: (note.start_s, note.pitch)))


def performance_score(
    events: Sequence[KeyEvent], name: str, lowest_pitch: int, end_s: float = 0.0
) -> Score:
    """What was really played, as a score that can be written to a MIDI file.

    Args:
        events: In any order.
        name: Name of the score.
        lowest_pitch: Pitch of key 0.
        end_s: End of the performance [s]; see `notes_of_events`.

    Raises:
        ScoreError: When a key has no MIDI number.
    """
    return Score(name, notes_of_events(events, lowest_pitch, end_s))

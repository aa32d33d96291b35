"""Judges what a keyboard sends: keys that never come up, and floods of events."""

from __future__ import annotations

from collections import deque

from hardware.keyboard.decode import MidiEvent, MidiKind

LONGEST_PRESS_S = 10.0
"""No note of a song for one hand is held longer [s]."""

FLOOD_EVENTS = 400
"""So many in a second are no music: four fingers at 20 control steps per second make at most 160
events, down and up, and a fault in the keyboard makes thousands."""

FLOOD_S = 1.0


class KeyboardHealth:
    """Follows the keys of one keyboard; its only clock are the times of the events.

    `add` may be called from another thread than the rest.

    Args:
        longest_press_s: A key that is down longer is stuck [s].

    Attributes:
        restruck: Presses of keys that were down already, counted: their release was lost.
    """

    def __init__(self, longest_press_s: float = LONGEST_PRESS_S) -> None:
        self.restruck = 0
        self._longest_ns = round(longest_press_s * 1e9)
        self._down: dict[int, int] = {}  # pitch: since when
        self._recent_ns: deque[int] = deque(maxlen=FLOOD_EVENTS)

    def add(self, event: MidiEvent) -> None:
        """Takes one event, in the order of their times."""
        self._recent_ns.append(event.time_ns)
        if event.kind is MidiKind.NOTE_ON:
            self.restruck += event.pitch in self._down
            self._down[event.pitch] = event.time_ns
        elif event.kind is MidiKind.NOTE_OFF:
            self._down.pop(event.pitch, None)

    def keys_down(self) -> tuple[int, ...]:
        """Pitches of the keys that are down, in ascending order."""
        return tuple(sorted(self._down))

    def complaints(self, now_ns: int) -> tuple[str, ...]:
        """What is wrong at this monotonic time [ns]; empty when nothing is."""
        stuck = sorted(p for p, since in self._down.copy().items() if self._is_stuck(since, now_ns))
        found = [f"key {pitch} has been down for too long: is it stuck?" for pitch in stuck]
        full = len(self._recent_ns) == FLOOD_EVENTS
        if full and now_ns - self._recent_ns[0] < FLOOD_S * 1e9:
            found.append(f"more than {FLOOD_EVENTS} events in a second: is the keyboard broken?")
        return tuple(found)

    def _is_stuck(self, since_ns: int, now_ns: int) -> bool:
        return now_ns - since_ns > self._longest_ns

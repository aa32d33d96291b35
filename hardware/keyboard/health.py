"""Judges what a keyboard sends: keys that never come up, and floods of messages."""

from __future__ import annotations

from hardware.keyboard.decode import MidiEvent, MidiKind

LONGEST_PRESS_S = 10.0
"""No note of a song for one hand is held longer [s]."""

FLOOD_PER_S = 400
"""So many messages in a second are no music: four fingers at 20 control steps per second make at
most 160, down and up, and a fault in the keyboard makes thousands."""


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
        self._counted = (0, 0)  # messages, and when that was
        self._flooded = False

    def add(self, event: MidiEvent) -> None:
        """Takes one event, in the order of their times."""
        if event.kind is MidiKind.NOTE_ON:
            self.restruck += event.pitch in self._down
            self._down[event.pitch] = event.time_ns
        elif event.kind is MidiKind.NOTE_OFF:
            self._down.pop(event.pitch, None)

    def count(self, messages: int, now_ns: int) -> None:
        """Takes note of how many messages there were until now, whatever they meant.

        Args:
            messages: Since the port was opened.
            now_ns: Monotonic time [ns]; about a second after the last call.
        """
        before, then_ns = self._counted
        self._flooded = (messages - before) * 1e9 > FLOOD_PER_S * (now_ns - then_ns)
        self._counted = messages, now_ns

    def keys_down(self) -> tuple[int, ...]:
        """Pitches of the keys that are down, in ascending order."""
        return tuple(sorted(self._down))

    def stuck_keys(self, now_ns: int) -> tuple[int, ...]:
        """Pitches of the keys that have been down for too long at this monotonic time [ns]."""
        down = self._down.copy().items()
        return tuple(sorted(p for p, since_ns in down if now_ns - since_ns > self._longest_ns))

    def complaints(self, now_ns: int) -> tuple[str, ...]:
        """What is wrong at this monotonic time [ns]; empty when nothing is."""
        found = [
            f"key {pitch} has been down for too long: is it stuck?"
            for pitch in self.stuck_keys(now_ns)
        ]
        if self._flooded:
            found.append(f"over {FLOOD_PER_S} MIDI messages in a second: is the keyboard broken?")
        return tuple(found)

"""What the emulated keyboard sends when keys move, and what can go wrong with that."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from score import KeyEvent

FLOOD_MESSAGES_PER_STEP = 10
"""Messages of a flood in every physics step: 2,000 per second, twice what a MIDI cable carries."""

_FLOOD_MESSAGE = bytes((0xD0, 64))  # channel pressure, which keyboards with aftertouch pour out


class MidiPort(Protocol):
    """Where the keyboard's messages go; `hardware.emulator.midi_out.MidiOut` is one."""

    def key(self, down: bool, pitch: int, velocity: int) -> None:
        """Sends a note-on or note-off."""
        ...

    def send(self, message: bytes) -> None:
        """Sends one message as it is."""
        ...

    def unplug(self) -> None:
        """The port vanishes."""
        ...

    def replug(self) -> None:
        """The port is there again."""
        ...


class EmulatedKeys:
    """Sends what keys do, unless a fault keeps it from that.

    Args:
        port: Where to.
        lowest_pitch: Of key 0.
        drop: Share of key events that get lost.
        seed: Of that draw.
    """

    def __init__(self, port: MidiPort, lowest_pitch: int, drop: float, seed: list[int]) -> None:
        self.port = port
        self._lowest_pitch = lowest_pitch
        self._drop = drop
        self._rng = np.random.default_rng(seed)
        self._stuck: set[int] = set()
        self._next_sticks = False
        self._flooding = False

    def send(self, events: list[KeyEvent]) -> None:
        """Send what moved in one physics step."""
        for event in events:
            if event.down and self._next_sticks:
                self._stuck.add(event.key)
                self._next_sticks = False
            held = event.key in self._stuck and not event.down
            if not held and not (self._drop and self._rng.random() < self._drop):
                self.port.key(event.down, self._lowest_pitch + event.key, event.velocity)
        if self._flooding:
            for _ in range(FLOOD_MESSAGES_PER_STEP):
                self.port.send(_FLOOD_MESSAGE)

    def stick(self, key: int | None = None) -> None:
        """Let a key never come up again for the MIDI port; None: the next that goes down."""
        if key is None:
            self._next_sticks = True
        else:
            self._stuck.add(key)

    def flood(self, on: bool) -> None:
        """Pour out messages that mean nothing, or stop that."""
        self._flooding = on

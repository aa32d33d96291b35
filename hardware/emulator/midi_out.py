"""The emulated keyboard's MIDI port, as a real keyboard's USB cable shows it."""

from __future__ import annotations

import threading
from contextlib import ExitStack

from hardware.errors import KeyboardError
from hardware.keyboard.clients import MidiOutput, open_output
from hardware.keyboard.jack import ready_midi_system

KEYBOARD_NAME = "Da Capo Keystation 49"
"""What the emulated keyboard calls itself."""

_NOTE_ON, _NOTE_OFF = 0x90, 0x80


class MidiOut:
    """An output port that sends what the keys do, and can be pulled out and plugged in.

    Starts a JACK server of its own where the machine has no MIDI system, and stops it at the end:
    construct it in a thread that lives on. The methods may be called from any thread.

    Args:
        name: What the keyboard calls itself.

    Attributes:
        name: As given.
        dropped: Events while it was unplugged, counted.

    Raises:
        HardwareError: python-rtmidi is not installed.
        KeyboardError: no MIDI system, and none can be started; says what to do.
    """

    def __init__(self, name: str = KEYBOARD_NAME) -> None:
        self.name = name
        self.dropped = 0
        self._client: MidiOutput | None = None
        self._lock = threading.Lock()
        with ExitStack() as stack:
            self._system = stack.enter_context(ready_midi_system())
            self.replug()
            self._stack = stack.pop_all()

    def __enter__(self) -> MidiOut:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port_name(self) -> str:
        """The beginning of what others see the port as; the MIDI system may add numbers."""
        return f"{self.name}:{self.name} MIDI 1"

    def key(self, down: bool, pitch: int, velocity: int) -> None:
        """Sends a note-on or note-off.

        Args:
            down: The key went down; otherwise it came up.
            pitch: MIDI pitch, 0 to 127.
            velocity: 1 to 127 of a press; of a release 0 to 127.

        Raises:
            KeyboardError: pitch or velocity is out of range.
        """
        lowest = 1 if down else 0  # a note-on with velocity 0 would be a release
        if not (0 <= pitch <= 127 and lowest <= velocity <= 127):
            raise KeyboardError(f"no MIDI note: pitch {pitch}, velocity {velocity}, down {down}")
        self.send(bytes((_NOTE_ON if down else _NOTE_OFF, pitch, velocity)))

    def send(self, message: bytes) -> None:
        """Sends one MIDI message as it is."""
        with self._lock:
            if self._client is None:
                self.dropped += 1
            else:
                self._client.send_message(message)

    def unplug(self) -> None:
        """The port vanishes; what keys do from now on is lost."""
        with self._lock:
            client, self._client = self._client, None
            if client is not None:
                client.delete()

    def replug(self) -> None:
        """The port is there again, under the same name; does nothing when it never went."""
        with self._lock:
            if self._client is None:
                client = open_output(self.name, self._system)
                client.open_virtual_port(f"{self.name} MIDI 1")
                self._client = client

    def close(self) -> None:
        """The port vanishes for good, and with it our own JACK server; idempotent."""
        self.unplug()
        self._stack.close()

"""The keyboard's port: opened by name, every message stamped when it arrives."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hardware.errors import KeyboardError
from hardware.keyboard.arrival import ArrivalClock
from hardware.keyboard.clients import MidiInput, open_input
from hardware.keyboard.decode import MidiDecoder, MidiEvent
from hardware.keyboard.midi_system import midi_system
from hardware.keyboard.ports import choose_port, same_keyboard

CLIENT_NAME = "Da Capo"

DRAIN_S = 0.05
"""How long a callback that has begun may still wait for the interpreter when a port closes [s]."""


@dataclass(frozen=True, slots=True)
class PortChange:
    """The keyboard went away or came back.

    Attributes:
        time_ns: Monotonic time at which it was noticed [ns].
        connected: Whether it is there now.
        port_name: Its port.
    """

    time_ns: int
    connected: bool
    port_name: str


class MidiKeyboard:
    """A keyboard on a MIDI port; a context manager.

    Events are told in the thread of the MIDI system, which waits meanwhile: take them and return.
    What happens while the port is gone is lost, so whoever records must watch `refresh`, which
    `hardware.keyboard.watch` calls. Keys that were down when it went are not released by it.

    Args:
        pattern: Part of the port's name; empty for the only keyboard there is.
        lowest_pitch: MIDI pitch of key 0.
        n_keys: Number of keys; other notes are counted and not told.
        on_event: Is called with each event.

    Attributes:
        port_name: The port, as the MIDI system calls it.
        messages: How many came, of whatever kind.
        connected: Whether it is there, as far as the last `refresh` knows.

    Raises:
        HardwareError: python-rtmidi is not installed.
        KeyboardError: no MIDI system, no keyboard, or several match; says what to do.
    """

    def __init__(
        self, pattern: str, lowest_pitch: int, n_keys: int, on_event: Callable[[MidiEvent], None]
    ) -> None:
        self._on_event = on_event
        self._decoder = MidiDecoder(lowest_pitch, n_keys)
        self._lock = threading.Lock()
        self.messages = 0
        self._system = midi_system()
        self._orphaned = False  # the MIDI system died
        client = open_input(CLIENT_NAME, self._system)
        client.ignore_types(False, False, False)  # each tells a delta that the next one lacks
        # Also at the end of the process: a client that Python collects itself may hang it there.
        self._end = weakref.finalize(self, _end, client)
        self._client = client
        try:
            self.port_name = choose_port(client.get_ports(), pattern)
            self._listen(self.port_name)
        except BaseException:
            self.close()
            raise
        self.connected = True

    def __enter__(self) -> MidiKeyboard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def out_of_range(self) -> int:
        """Notes that are no key of this keyboard, counted."""
        return self._decoder.out_of_range

    @property
    def malformed(self) -> int:
        """Messages cut short and data bytes without a status, counted."""
        return self._decoder.malformed

    def refresh(self) -> PortChange | None:
        """Looks whether the port is still there, and listens again when it came back.

        Returns:
            What changed since the last look, if anything.
        """
        with self._lock:
            if not self._end.alive:
                return None
            name = same_keyboard(self.port_name, self._ports())
            if (name is not None) == self.connected:
                return None
            if name is not None and not self._hears_again(name):
                return None  # gone once more: the next look tells
            self.connected = name is not None
            return PortChange(time.monotonic_ns(), self.connected, self.port_name)

    def close(self) -> None:
        """Stops listening; does nothing the second time."""
        with self._lock:
            self._end()

    def _ports(self) -> Sequence[str]:
        # A client of a server that died goes on telling its ports, even when there is a new one.
        self._orphaned = self._orphaned or not self._system.alive()
        return () if self._orphaned else self._client.get_ports()

    def _hears_again(self, name: str) -> bool:
        try:
            self._listen(name)
        except KeyboardError:
            return False
        return True

    def _listen(self, name: str) -> None:
        """Opens the port `name`; our own end is opened anew, as it is still tied to the old one."""
        _silence(self._client)
        self._client.close_port()
        self._clock = ArrivalClock()
        self._client.set_callback(self._receive)  # before the port opens, so that nothing is lost
        try:
            self._client.open_port(self._client.get_ports().index(name), "keys")
        except (ValueError, OSError) as error:  # rtmidi's own derive from OSError
            raise KeyboardError(f"'{name}' does not open: {error}: plug it in again") from error
        self.port_name = name

    def _receive(self, message: tuple[Sequence[int], float], _: object) -> None:
        callback_ns = time.monotonic_ns()  # before all else
        data, raw_delta_s = message
        self.messages += 1
        time_ns = self._clock.arrival_ns(callback_ns, raw_delta_s)
        for event in self._decoder.decode(data, time_ns, raw_delta_s):
            self._on_event(event)


def _silence(client: MidiInput) -> None:
    """Makes sure that the thread of the MIDI system needs the interpreter no more.

    rtmidi closes ports while holding the interpreter, and waits for that thread: if a message
    comes at that moment, both wait for ever. So first it is to call nobody, and what it has begun
    is let through. What it was to call must outlive that, and rtmidi forgets it at once: `called`
    keeps it.
    """
    called = gc.get_referents(client)
    client.cancel_callback()
    time.sleep(DRAIN_S)
    del called


def _end(client: MidiInput) -> None:
    _silence(client)
    client.delete()

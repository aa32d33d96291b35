"""Clients of the MIDI system, with every way in which python-rtmidi fails explained."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Protocol

from hardware.errors import KeyboardError, missing_package
from hardware.keyboard.midi_system import SEQUENCER, SERVER_VARIABLE, MidiSystem

REBUILD = (
    "sudo apt-get install libasound2-dev libjack-jackd2-dev && "
    "python -m pip install --force-reinstall --no-binary python-rtmidi python-rtmidi"
)
"""Builds python-rtmidi for this machine instead of using its wheel."""

Receive = Callable[[tuple[Sequence[int], float], object], None]
"""Is called with `(message bytes, seconds since the message before)` and nothing of use."""

_environment = threading.Lock()


class MidiInput(Protocol):
    """What we use of `rtmidi.MidiIn`."""

    def get_ports(self) -> list[str]:
        """Names of the ports that can be opened."""

    def open_port(self, port: int, name: str) -> object:
        """Listens to a port by its index in `get_ports`; name is that of our own end."""

    def close_port(self) -> None:
        """Listens to no port any more."""

    def ignore_types(self, sysex: bool, timing: bool, active_sense: bool) -> None:
        """Whether to withhold messages of these kinds."""

    def set_callback(self, receive: Receive) -> None:
        """Whom to call with each message, from a thread of the MIDI system."""

    def cancel_callback(self) -> None:
        """Calls nobody any more."""

    def delete(self) -> None:
        """Ends the client; it must not be used afterwards."""


class MidiOutput(Protocol):
    """What we use of `rtmidi.MidiOut`."""

    def open_virtual_port(self, name: str) -> object:
        """Makes a port that others can listen to."""

    def send_message(self, message: Sequence[int]) -> None:
        """Sends the bytes of one message."""

    def delete(self) -> None:
        """Ends the client; it must not be used afterwards."""


def open_input(name: str, system: MidiSystem) -> MidiInput:
    """A client that listens, without a port yet.

    Args:
        name: What the MIDI system calls the client.
        system: From `midi_system`.

    Raises:
        HardwareError: python-rtmidi is not installed.
        KeyboardError: the system refuses; says why and what to do.
    """
    client: MidiInput = _open("MidiIn", name, system)
    return client


def open_output(name: str, system: MidiSystem) -> MidiOutput:
    """A client that sends, without a port yet; arguments and errors as of `open_input`."""
    client: MidiOutput = _open("MidiOut", name, system)
    return client


def load_rtmidi() -> ModuleType:
    """The module of python-rtmidi.

    Raises:
        HardwareError: it is not installed.
        KeyboardError: a library that it needs is missing; says which and what to do.
    """
    try:
        return importlib.import_module("rtmidi")
    except ModuleNotFoundError as error:
        raise missing_package("python-rtmidi") from error
    except ImportError as error:  # its wheel needs the ALSA library of the system
        raise KeyboardError(
            f"python-rtmidi cannot load: {error}: sudo apt-get install libasound2, or build it "
            f"for this machine: {REBUILD}"
        ) from error


def _open(direction: str, name: str, system: MidiSystem):  # type: ignore[no-untyped-def]  # noqa: ANN202  rtmidi has no types
    rtmidi = load_rtmidi()
    api = rtmidi.API_LINUX_ALSA if system.name == "ALSA" else rtmidi.API_UNIX_JACK
    try:
        with _spoken_to(system):
            return getattr(rtmidi, direction)(api, name=name)
    except rtmidi.RtMidiError as error:
        raise KeyboardError(_why_refused(system, str(error))) from error


@contextmanager
def _spoken_to(system: MidiSystem) -> Iterator[None]:
    """Name the JACK server in the environment: the only way that rtmidi leaves to choose it."""
    if not system.server:
        yield
        return
    with _environment:
        before = os.environ.get(SERVER_VARIABLE)
        os.environ[SERVER_VARIABLE] = system.server
        try:
            yield
        finally:
            if before is None:
                del os.environ[SERVER_VARIABLE]
            else:
                os.environ[SERVER_VARIABLE] = before


def _why_refused(system: MidiSystem, complaint: str) -> str:
    if system.name == "JACK":
        return f"the JACK server '{system.server}' takes no client ({complaint}): start it again"
    return (
        f"{SEQUENCER} is there, but python-rtmidi cannot use it ({complaint}): the ALSA library "
        f"it came with does not fit this system, so build it here: {REBUILD}"
    )

"""Which MIDI system this machine has, and what to do when it has none.

python-rtmidi speaks to ALSA's sequencer, which every Linux desktop has, or to a JACK server. The
choice is looked up in the file system first, because the libraries behind rtmidi print their
complaints past Python.
"""

from __future__ import annotations

import grp
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from hardware.errors import KeyboardError

SEQUENCER = Path("/dev/snd/seq")
"""ALSA's sequencer."""

JACK_SOCKETS = Path("/dev/shm")  # noqa: S108  where JACK puts them, no file of ours
"""Where JACK servers have their sockets, named by server and user."""

SERVER_VARIABLE = "JACK_DEFAULT_SERVER"
"""Environment variable of JACK: the one server that clients speak to."""

OWN_SERVER = "dacapo"
"""Name of the JACK server that `hardware.keyboard.jack` starts."""


@dataclass(frozen=True)
class MidiSystem:
    """A MIDI system that answers.

    Attributes:
        name: `ALSA` or `JACK`.
        server: Name of the JACK server; empty for ALSA.
    """

    name: str
    server: str = ""

    def alive(self) -> bool:
        """Whether it still answers; JACK's clients go on telling old news without a server."""
        return self.name == "ALSA" or jack_answers(self.server)


def midi_system() -> MidiSystem:
    """The MIDI system of this machine: ALSA where it has a sequencer, else a JACK server.

    Raises:
        KeyboardError: there is none, or it may not be used; says why and what to do.
    """
    if os.access(SEQUENCER, os.R_OK | os.W_OK):
        return MidiSystem("ALSA")
    for server in jack_servers():
        if jack_answers(server):
            return MidiSystem("JACK", server)
    raise KeyboardError(_why_there_is_none())


def jack_servers() -> tuple[str, ...]:
    """Names of the JACK servers to try: the one of the environment, else the usual and our own."""
    chosen = os.environ.get(SERVER_VARIABLE)
    return (chosen,) if chosen else ("default", OWN_SERVER)


def jack_answers(server: str) -> bool:
    """Whether this user's JACK server of that name lives; its socket stays when it is killed."""
    path = JACK_SOCKETS / f"jack_{server}_{os.getuid()}_0"
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _why_there_is_none() -> str:
    if SEQUENCER.exists():
        group = grp.getgrgid(SEQUENCER.stat().st_gid).gr_name
        return (
            f"no permission for {SEQUENCER}: sudo usermod -aG {group} $USER, then log out and in "
            f"(a container also needs --group-add {group})"
        )
    tried = " or ".join(f"'{server}'" for server in jack_servers())
    return (
        f"no MIDI system (no {SEQUENCER}, no JACK server {tried}): sudo modprobe snd-seq (a "
        "container needs --device /dev/snd), or start JACK; an emulated rig starts it by itself "
        "after sudo apt-get install jackd2"
    )

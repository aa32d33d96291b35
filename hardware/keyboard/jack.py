"""A MIDI system for machines without one: a JACK server that only carries MIDI.

It always runs synchronously (`-S`): asynchronous JACK repeats an old event in place of a new one
when a client is late. Measured, none of 100,000 events at 1,000/s is lost that way.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hardware.errors import KeyboardError
from hardware.keyboard.midi_system import (
    OWN_SERVER,
    SERVER_VARIABLE,
    MidiSystem,
    jack_answers,
    midi_system,
)
from sim.realtime import request_realtime

PRIORITY = 20
"""Real-time priority of the server; it gives its clients five less."""

PERIOD_FRAMES, RATE_HZ = 64, 48000
"""A period of 1.3 ms: MIDI moves once in a period."""

CLIENT_TIMEOUT_MS = 50
"""The server waits ten times as long for a client that does not answer (JACK's
DRIVER_TIMEOUT_FACTOR) before it goes on and that client loses events: 0.5 s bridges an interpreter
that is busy, and is how long the others are held up when a client is killed."""

REGISTRY = "/dev/shm/jack-shm-registry"  # noqa: S108  where JACK puts it, no file of ours
"""Where JACK counts its servers, eight at most."""

START_TIMEOUT_S = 20.0
"""It takes 0.1 s; a machine under full load has needed ten."""

STOP_TIMEOUT_S = 2.0


class JackServer:
    """A JACK server of our own, stopped when closed and when this process ends, however it ends.

    Start it from a thread that lives as long as it is needed: Linux ends it with that thread.

    Args:
        name: What clients call it; see `JACK_DEFAULT_SERVER`.

    Raises:
        KeyboardError: jackd is not installed or does not start; says what to do.
    """

    def __init__(self, name: str) -> None:
        if jack_answers(name):
            raise KeyboardError(f"a JACK server '{name}' runs already: use that one")
        self.system = MidiSystem("JACK", name)
        self._log = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115  closed with the server
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own list, no shell
                _command(name),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                # Without this jackd asks the desktop's sound server for a device it never uses.
                env={**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"},
                start_new_session=True,  # Ctrl-C is ours to handle: it must outlive the keyboard
            )
        except OSError as error:
            self._log.close()
            raise KeyboardError(f"jackd does not run: {error}") from error
        self._await_answer(name)

    def __enter__(self) -> JackServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops the server; does nothing the second time."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()

    def _await_answer(self, name: str) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not jack_answers(name):
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                complaint = self._complaint()
                self.close()
                raise KeyboardError(f"the JACK server '{name}' does not start: {complaint}")
            time.sleep(0.01)

    def _complaint(self) -> str:
        self._log.seek(0)
        lines = [line.strip() for line in self._log if line.strip()]
        if any("Too many servers" in line for line in lines):
            return f"it counts servers that were killed: end all that run, then remove {REGISTRY}"
        return lines[-1] if lines else f"no answer within {START_TIMEOUT_S:.0f} s"


@contextmanager
def ready_midi_system() -> Iterator[MidiSystem]:
    """The machine's MIDI system; where there is none, a JACK server while the block runs.

    For the emulated rig and the tests only: a real keyboard never appears in a server of ours.

    Raises:
        KeyboardError: there is none and jackd is missing or does not start.
    """
    try:
        system = midi_system()
    except KeyboardError:
        with JackServer(os.environ.get(SERVER_VARIABLE) or OWN_SERVER) as server:
            yield server.system
    else:
        yield system


def _command(name: str) -> list[str]:
    jackd = shutil.which("jackd")
    if jackd is None:
        raise KeyboardError(
            "no MIDI system, and jackd to stand in for one is not installed: "
            "sudo apt-get install jackd2"
        )
    # util-linux has it on every Debian; without it, killing us outright leaves the server behind.
    setpriv = shutil.which("setpriv")
    ended_with_us = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
    realtime = ["-R", "-P", str(PRIORITY)] if _realtime_granted() else ["-r"]
    driver = ["-d", "dummy", "-r", str(RATE_HZ), "-p", str(PERIOD_FRAMES)]
    return [
        *ended_with_us, jackd, "-n", name, *realtime, "-S", "-t", str(CLIENT_TIMEOUT_MS), *driver
    ]  # fmt: skip


def _realtime_granted() -> bool:
    """Whether real-time priority is allowed: tried in a thread that ends with the answer."""
    answers: list[str] = []
    trial = threading.Thread(target=lambda: answers.append(request_realtime(PRIORITY)))
    trial.start()
    trial.join()
    return not answers[0].startswith("normal")

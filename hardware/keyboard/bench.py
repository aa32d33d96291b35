"""How well key events arrive: sent by one process, stamped in another, compared one by one."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray

from hardware.emulator.midi_out import MidiOut
from hardware.errors import KeyboardError
from hardware.keyboard.decode import MidiEvent, MidiKind
from hardware.keyboard.jack import ready_midi_system
from hardware.keyboard.port import MidiKeyboard
from sim.realtime import sleep_until

NAME = "Da Capo bench"
LOWEST_PITCH, N_KEYS = 36, 49

LAP = 2 * N_KEYS * 127
"""So many events differ from each other: two kinds, 49 pitches, 127 velocities."""

START_TIMEOUT_S = 30.0
"""The sender is a new process, and imports this package first."""

LAST_ONES_S = 0.5
"""How long the last events may be on their way [s]."""


@dataclass(frozen=True)
class Arrivals:
    """What arrived of what was sent.

    Attributes:
        lost: Events that never arrived.
        duplicated: Events that arrived again.
        replaced: Events lost for which an old one arrived again: at most so many of both above.
        disordered: Events that arrived after a later one.
        delay_ns: From sending to the stamp, of every event that arrived [ns].
    """

    lost: int
    duplicated: int
    replaced: int
    disordered: int
    delay_ns: NDArray[np.int64]


def measure_midi(
    events: int, rate_hz: float, show: Callable[[float], None] = lambda _: None
) -> dict[str, object]:
    """Sends events through the machine's MIDI system, or one of our own, and says how they arrived.

    Args:
        events: How many to send.
        rate_hz: How many in a second.
        show: Is told the fraction done, now and then.

    Returns:
        The document of `dacapo bench midi --json`.

    Raises:
        HardwareError: python-rtmidi is not installed.
        KeyboardError: there is no MIDI system, or the sender failed.
    """
    received: list[MidiEvent] = []
    with ready_midi_system() as system:
        sent_ns = _send_and_receive(events, rate_hz, received, show)
    arrivals = compare(sent_ns, received)
    delay_ms = arrivals.delay_ns / 1e6
    p50, p99, worst = (round(float(q), 3) for q in np.percentile(delay_ms, [50, 99, 100]))
    return {
        "system": system.name,
        "events": events,
        "rate_hz": rate_hz,
        "lost": arrivals.lost,
        "duplicated": arrivals.duplicated,
        "replaced": arrivals.replaced,
        "disordered": arrivals.disordered,
        "stamp_ms_p50": p50,
        "stamp_ms_p99": p99,
        "stamp_ms_max": worst,
    }


def message(number: int) -> bytes:
    """The message of an event by its number; they repeat after `LAP`."""
    pitch, velocity = LOWEST_PITCH + number % N_KEYS, 1 + number // (2 * N_KEYS) % 127
    return bytes((0x90 if number % 2 == 0 else 0x80, pitch, velocity))


def compare(sent_ns: NDArray[np.int64], received: list[MidiEvent]) -> Arrivals:
    """Tells which of the events arrived, and when.

    Args:
        sent_ns: Monotonic time of each sending, in order of their numbers, shape `(events,)` [ns].
        received: What arrived, in order.

    Raises:
        KeyboardError: nothing arrived.
    """
    if not received:
        raise KeyboardError("no event arrived: run dacapo doctor keyboard")
    numbers = _numbers(received, len(sent_ns))
    arrived, first = np.unique(numbers, return_index=True)
    lost = len(sent_ns) - len(arrived)
    duplicated = len(numbers) - len(arrived)
    stamps_ns = np.array([event.time_ns for event in received], dtype=np.int64)
    return Arrivals(
        lost,
        duplicated,
        min(lost, duplicated),
        int(np.count_nonzero(np.diff(numbers) < 0)),
        stamps_ns[first] - sent_ns[arrived],
    )


def _numbers(received: list[MidiEvent], events: int) -> NDArray[np.int64]:
    """The number of each event: of those that sound alike, the one nearest to its place."""
    lap = _lap()
    within_lap = np.array([lap[_message(event)] for event in received], dtype=np.int64)
    place = np.arange(len(received))
    laps = np.rint((place - within_lap) / LAP).astype(np.int64)
    return np.clip(within_lap + laps * LAP, within_lap, within_lap + (events - 1) // LAP * LAP)


@cache
def _lap() -> dict[bytes, int]:
    return {message(number): number for number in range(LAP)}


def _message(event: MidiEvent) -> bytes:
    status = 0x90 if event.kind is MidiKind.NOTE_ON else 0x80
    return bytes((status, event.pitch, event.velocity))


def _send_and_receive(
    events: int, rate_hz: float, received: list[MidiEvent], show: Callable[[float], None]
) -> NDArray[np.int64]:
    """Lets another process send; returns its times, as it is the emulated rig that sends."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    sender = context.Process(target=_send, args=(theirs, events, rate_hz), daemon=True)
    sender.start()
    theirs.close()
    try:
        _await(ours, START_TIMEOUT_S)
        with MidiKeyboard(NAME, LOWEST_PITCH, N_KEYS, received.append):
            ours.send("start")
            while not ours.poll(1.0) and sender.is_alive():
                show(len(received) / events)
            sent_ns = np.frombuffer(_await(ours, 1.0), dtype=np.int64)
            time.sleep(LAST_ONES_S)
    finally:
        ours.close()  # the sender ends when it can say no more
        sender.join(LAST_ONES_S)
        sender.terminate()
    return sent_ns


def _await(connection: Connection, timeout_s: float) -> bytes:
    try:
        if connection.poll(timeout_s):
            return connection.recv_bytes()
    except EOFError:
        pass
    raise KeyboardError("the process that sends events ended: run dacapo doctor keyboard")


def _send(connection: Connection, events: int, rate_hz: float) -> None:
    """Runs in the other process: sends events at absolute times, then tells when."""
    sent_ns = np.zeros(events, dtype=np.int64)
    with MidiOut(NAME) as out:
        connection.send_bytes(b"ready")
        connection.recv()
        start_ns = time.monotonic_ns()
        for number in range(events):
            sleep_until(start_ns + round(number * 1e9 / rate_hz))
            data = message(number)
            sent_ns[number] = time.monotonic_ns()
            out.send(data)
        connection.send_bytes(sent_ns.tobytes())
        connection.poll(5.0)  # until the other side has heard all

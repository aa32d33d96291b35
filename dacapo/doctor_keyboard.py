"""`dacapo doctor keyboard`: from the package to the keys, step by step."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dacapo.checks import Check
from dacapo.progress import LiveLine, bar

if TYPE_CHECKING:
    from hardware.keyboard.decode import MidiEvent
    from sim.keyboards import Keyboard

OCTAVE = "octave buttons of the keyboard until the lowest key sends {}"


def keyboard_checks(arguments: argparse.Namespace) -> Iterator[Check]:
    """Every check, each only when the one before was passed.

    Args:
        arguments: `rig`, `port` (part of the port's name) and `listen` [s].
    """
    from hardware.errors import HardwareError
    from hardware.keyboard.clients import load_rtmidi
    from hardware.keyboard.midi_system import midi_system
    from hardware.keyboard.ports import choose_port, ports
    from sim import load_rig

    step = "python-rtmidi"
    try:
        rtmidi = load_rtmidi()
        yield Check(step, "ok", rtmidi.version.version)
        step = "MIDI system"
        system = midi_system()
        yield Check(step, "ok", f"{system.name} {system.server}".strip())
        step = "keyboard"
        port = choose_port(ports(), arguments.port)
        yield Check(step, "ok", port)
        if arguments.listen:
            step = "keys"
            yield _listen(load_rig(arguments.rig).keyboard, port, arguments.listen)
    except HardwareError as error:
        what, _, mend = str(error).rpartition(": ")
        yield Check(step, "missing", what, mend)


def _listen(keyboard: Keyboard, port: str, listen_s: float) -> Check:
    """What the keys send while somebody plays them."""
    from hardware.keyboard.decode import MidiKind
    from hardware.keyboard.port import MidiKeyboard

    heard: list[MidiEvent] = []
    with MidiKeyboard(port, keyboard.lowest_pitch, keyboard.n_keys, heard.append) as midi:
        _wait(listen_s)
    pressed = [event.pitch for event in heard if event.kind is MidiKind.NOTE_ON]
    released = [event.pitch for event in heard if event.kind is MidiKind.NOTE_OFF]
    if midi.out_of_range:
        beyond = f"{midi.out_of_range} notes beyond its {keyboard.n_keys} keys"
        return Check("keys", "missing", beyond, OCTAVE.format(keyboard.lowest_pitch))
    if not pressed:
        return Check("keys", "missing", f"none pressed in {listen_s:g} s", "press keys meanwhile")
    span = f"{len(pressed)} pressed from {min(pressed)} to {max(pressed)}"
    return Check("keys", "ok", f"{span}, {len(released)} released")


def _wait(listen_s: float) -> None:
    end_s = time.monotonic() + listen_s
    with LiveLine() as line:
        while (left_s := end_s - time.monotonic()) > 0:
            done = bar(1 - left_s / listen_s)
            line.show(f"{done} press the lowest key, the highest, and some between")
            time.sleep(min(left_s, 0.1))

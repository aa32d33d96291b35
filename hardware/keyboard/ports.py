"""Ports of the MIDI system by name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hardware.errors import KeyboardError
from hardware.keyboard.clients import open_input
from hardware.keyboard.midi_system import midi_system

NO_KEYBOARDS = ("midi through",)
"""Ports that are no keyboard, in lower case: ALSA always has this one."""

_NUMBERS = re.compile(r" \d+:\d+$")  # ALSA's client and port, new at each plugging in


def ports() -> tuple[str, ...]:
    """Names of the ports that may be a keyboard, in the system's order.

    Raises:
        HardwareError: python-rtmidi is not installed.
        KeyboardError: there is no MIDI system; says what to do.
    """
    client = open_input("Da Capo looks", midi_system())
    try:
        return keyboards(client.get_ports())
    finally:
        client.delete()


def keyboards(names: Sequence[str]) -> tuple[str, ...]:
    """Those of the ports that may be a keyboard."""
    return tuple(name for name in names if not name.lower().startswith(NO_KEYBOARDS))


def choose_port(names: Sequence[str], pattern: str) -> str:
    """The one port whose name contains the pattern; case does not matter.

    Args:
        names: All ports there are.
        pattern: Part of the name; empty for the only keyboard there is.

    Raises:
        KeyboardError: no port matches, or several do; names them and says what to do.
    """
    there = keyboards(names)
    matching = [name for name in there if pattern.lower() in name.lower()]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise KeyboardError(
            f"{len(matching)} keyboards match '{pattern}': {_listed(matching)}: unplug the others, "
            "or give more of the name"
        )
    wanted = f"no keyboard matches '{pattern}'" if pattern else "no keyboard"
    found = f"there is {_listed(there)}" if there else "there is no MIDI port at all"
    raise KeyboardError(
        f"{wanted}: {found}: plug it in and switch it on, then run dacapo doctor keyboard"
    )


def same_keyboard(name: str, names: Sequence[str]) -> str | None:
    """The port of the same name, whatever numbers ALSA gave it this time; None if it is gone."""
    if name in names:
        return name
    plain = _NUMBERS.sub("", name)
    again = [other for other in names if _NUMBERS.sub("", other) == plain]
    return again[0] if len(again) == 1 else None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)

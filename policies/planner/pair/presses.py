"""Presses of a song row by row: what sounds, what is too much, who holds what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from score import Press

Chord = tuple[Press, ...]
Presses = tuple[Press, ...]
Holder = TypeVar("Holder", int, str)


def sounding(presses: Iterable[Press], row: int) -> Chord:
    """Presses that are due in a row, from low to high."""
    due = (press for press in presses if press.start <= row < press.end)
    return tuple(sorted(due, key=lambda press: press.key))


def thin(presses: Sequence[Press], most: int) -> tuple[Presses, Presses]:
    """Keep at most so many presses at once; of a chord that is too large inner notes go.

    Returns:
        What is kept and what is left out.
    """
    kept: list[Press] = []
    left_out: list[Press] = []
    for start in sorted({press.start for press in presses}):
        held = [press for press in kept if press.end > start]
        new = [press for press in presses if press.start == start]
        chord = sorted([*held, *new], key=lambda press: press.key)
        inner = sorted(new, key=lambda press: abs(chord.index(press) - (len(chord) - 1) / 2))
        surplus = set(inner[: max(len(chord) - most, 0)])
        kept += [press for press in new if press not in surplus]
        left_out += [press for press in new if press in surplus]
    return tuple(kept), tuple(left_out)


def held_through(
    starts: Sequence[int], holders: Sequence[Mapping[Press, Holder]]
) -> dict[Press, Holder]:
    """Who strikes each press; a press that someone else goes on with ends there.

    Args:
        starts: rows in which chords begin, increasing.
        holders: who holds the presses of each chord.
    """
    holder: dict[Press, Holder] = {}
    end: dict[Press, int] = {}
    for start, chord in zip(starts, holders, strict=True):
        for press, taker in chord.items():
            if holder.setdefault(press, taker) != taker:
                end.setdefault(press, start)
    return {replace(press, end=end.get(press, press.end)): holder[press] for press in holder}

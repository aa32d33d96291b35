"""Presses of a song row by row: what sounds, what is too much, who holds what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from score import Press

Chord = tuple[Press, ...]
Presses = tuple[Press, ...]
Holder = TypeVar("Holder", int, str)

WIDEST_KEYS = 16
"""Widest chord of a hand: beyond it thumb and little finger miss the keys' middles by 12 mm."""


def sounding(presses: Iterable[Press], row: int) -> Chord:
    """Presses that are due in a row, from low to high."""
    due = (press for press in presses if press.start <= row < press.end)
    return tuple(sorted(due, key=lambda press: press.key))


def thin(presses: Sequence[Press], fingers: int) -> tuple[Presses, Presses]:
    """Keep what two hands of so many fingers can hold; of a chord that is too much inner notes go.

    Returns:
        What is kept and what is left out.
    """
    kept: list[Press] = []
    left_out: list[Press] = []
    for start in sorted({press.start for press in presses}):
        held = [press for press in kept if press.end > start]
        new = [press for press in presses if press.start == start]
        while new and not _fits(sorted(press.key for press in [*held, *new]), fingers):
            left_out.append(new.pop(_innermost(held, new)))
        kept += new
    return tuple(kept), tuple(left_out)


def _fits(keys: Sequence[int], fingers: int) -> bool:
    """Whether keys, from low to high, fall into two parts that one hand each can hold."""
    parts = ((keys[:cut], keys[cut:]) for cut in range(len(keys) + 1))
    return any(all(_in_one_hand(part, fingers) for part in pair) for pair in parts)


def _in_one_hand(keys: Sequence[int], fingers: int) -> bool:
    return len(keys) <= fingers and (len(keys) < 2 or keys[-1] - keys[0] <= WIDEST_KEYS)


def _innermost(held: Sequence[Press], new: Sequence[Press]) -> int:
    """Which of the new presses has most evenly many others on either side."""
    keys = [press.key for press in [*held, *new]]
    above = [abs(sum((key > press.key) - (key < press.key) for key in keys)) for press in new]
    return above.index(min(above))


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

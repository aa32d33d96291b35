"""Which key each finger has to hold, and which one it waits for, at every step of a song."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.changes import Fingers
from policies.planner.pair.places import KeyPlaces
from sim.pair.rig import SIDES

Floats = NDArray[np.float64]

NO_KEY = -1
"""Stands for a key where there is none."""

WAIT_STEPS = 4
"""From so many steps before a press its finger waits for it."""


@dataclass(frozen=True)
class Schedule:
    """Keys by step and finger, those of the right hand first; shape ``(T, fingers)``.

    Attributes:
        due: key to be down at the end of the step.
        coming: key that is next, within ``WAIT_STEPS``.
        strikes: whether the step is the first of a press.
        until: steps until the next press, at most ``WAIT_STEPS``.
    """

    due: NDArray[np.int_]
    coming: NDArray[np.int_]
    strikes: NDArray[np.bool_]
    until: NDArray[np.int_]

    @staticmethod
    def of(
        fingerings: Mapping[str, Fingers],
        tips: Mapping[str, Floats],
        places: KeyPlaces,
        give_up_m: float,
    ) -> Schedule:
        """Read from the fingerings; the end of a press that the plan itself misses is let go.

        Args:
            fingerings: by side.
            tips: planned places of the tips by side, shape ``(T, fingers, 3)`` [m].
            places: of the keys.
            give_up_m: how far a planned tip has to be off sideways for its key to be let go.
        """
        hands = [_hand(fingerings[side], tips[side], places, give_up_m) for side in SIDES]
        due, coming = (np.concatenate(parts, axis=1) for parts in zip(*hands, strict=True))
        before = np.concatenate([np.full((1, due.shape[1]), NO_KEY), due[:-1]])
        return Schedule(due, coming, (due != NO_KEY) & (due != before), _until(due))


def _hand(
    fingers: Fingers, tips: Floats, places: KeyPlaces, give_up_m: float
) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    due, coming = np.full(tips.shape[:2], NO_KEY), np.full(tips.shape[:2], NO_KEY)
    for press, finger in fingers.items():
        due[press.start : press.end, finger] = press.key
    for press, finger in sorted(fingers.items(), key=lambda item: -item[0].start):
        rows = np.arange(max(press.start - WAIT_STEPS, 0), press.start)
        coming[rows[due[rows, finger] == NO_KEY], finger] = press.key
    for press, finger in fingers.items():
        off_m = np.abs(tips[press.start : press.end, finger, 1] - places.touching[press.key, 1])
        over = np.flatnonzero(off_m <= give_up_m)
        held = max(over[-1] + 1 if len(over) else 0, 1)
        due[press.start + held : press.end, finger] = NO_KEY
    return due, coming


def _until(due: NDArray[np.int_]) -> NDArray[np.int_]:
    until, steps = np.empty(due.shape, np.int_), np.full(due.shape[1], WAIT_STEPS)
    for row in range(len(due) - 1, -1, -1):
        steps = np.where(due[row] != NO_KEY, 0, np.minimum(steps + 1, WAIT_STEPS))
        until[row] = steps
    return until

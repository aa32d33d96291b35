"""Keys struck beside their middle, so that two fingers have room on neighbouring keys.

Links of fingers are wider than keys. A finger that has to wait for its key until its neighbour has
left the one before would be late; one that strikes a little farther from it need not wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from policies.planner.parameters import PlanParameters, sideways_gap
from score import Goals, Press
from sim import Rig

Array = NDArray[np.float64]

REST_STEPS = 3
"""Control steps of rest after which a finger is out of the way of the next one."""

AWAY_M, WAIT_M = 0.006, 0.004
"""How much farther aside a finger is that has left its key, and one that waits above it: the links
of one that is lifted are nearer to its neighbour's than its tip is."""

_MARGIN_M = 0.0005
"""Between a tip that presses a key aside and the key next to it."""


def room_aside(rig: Rig) -> float:
    """How far from the middle of a white key a tip may press it without the keys beside it [m]."""
    keyboard = rig.keyboard
    pitch = float(np.diff(keyboard.center_y[~keyboard.black]).min())
    return max(pitch - keyboard.white_shape.size[1] / 2 - rig.hand.tip_radius_m - _MARGIN_M, 0.0)


def lack_of_room(apart: Array, fingers: int, parameters: PlanParameters) -> float:
    """How much closer two struck points are than tips so many places apart may be [m].

    Args:
        apart: from one to the other, ``(x, y)`` [m].
        fingers: 1 for neighbours.
        parameters: of the rig.
    """
    return float(sideways_gap(apart[0], parameters, fingers) - abs(apart[1]))


def strike_asides(
    goals: Goals, finger: Mapping[Press, int], points: Array, rig: Rig, parameters: PlanParameters
) -> dict[Press, tuple[float, float]]:
    """How far beside the middle each note is struck, and left [m, positive to higher notes].

    Args:
        goals: the song.
        finger: of each note.
        points: where keys are struck, shape ``(n_keys, 3)`` [m].
        rig: the hand and its keyboard.
        parameters: of the rig.
    """
    most = room_aside(rig)
    struck, left = dict.fromkeys(finger, 0.0), dict.fromkeys(finger, 0.0)
    for before, after in _successions(goals):
        fingers = finger[after] - finger[before]
        apart = points[after.key, :2] - points[before.key, :2]
        if fingers * apart[1] <= 0.0 or lack_of_room(apart, abs(fingers), parameters) <= 0.0:
            continue  # one finger, two that cross, or room enough
        aside = float(np.copysign(most, fingers))
        left[before] = max(left[before], -aside, key=abs)
        struck[after] = max(struck[after], aside, key=abs)
    return {press: (struck[press], left[press]) for press in finger}


def aside_track(presses: list[Press], asides: Mapping[Press, tuple[float, float]], n: int) -> Array:
    """How far aside one finger is in each of ``n`` rows [m].

    It slides while it holds; in the air it is still farther out of the other finger's way.

    Args:
        presses: of the finger, in order.
        asides: of ``strike_asides``.
        n: number of rows.
    """
    track: dict[int, float] = {0: 0.0}
    for press in presses:
        struck, left = asides[press]
        if press.start - 1 > max(track):
            track[press.start - 1] = _farther(struck, WAIT_M)
        track[press.start] = struck
        track.setdefault(press.end - 1, left)
        track[press.end] = _farther(left, AWAY_M)
    return np.interp(np.arange(n), list(track), list(track.values()))


def _farther(aside: float, more: float) -> float:
    return aside + float(np.copysign(more, aside)) if aside else 0.0


def _successions(goals: Goals) -> Iterator[tuple[Press, Press]]:
    """Notes that follow each other so soon that fingers may be in each other's way."""
    starts = sorted({press.start for press in goals.presses})
    by_start = {row: [p for p in goals.presses if p.start == row] for row in starts}
    for earlier, later in pairwise(starts):
        for before in by_start[earlier]:
            for after in by_start[later]:
                if 0 <= after.start - before.end < REST_STEPS:
                    yield before, after

"""Which finger plays which note from which rail position.

Within a chord fingers are matched to keys by optimal transport: on a line, with fingers that do
not cross, the cheapest matchings keep the order, so all ordered matchings are candidates. Dynamic
programming over (matching, rail position) then picks one a chord for the whole song.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from policies.errors import UnreachableError
from policies.planner.fingering_costs import Array, Chord, FingeringCosts, Matching, when
from policies.planner.parameters import PlanParameters
from policies.planner.reach import Reach
from score import Goals
from sim import Rig

_RAIL_GRID_M = 0.0058


@dataclass(frozen=True)
class Fingering:
    """The chosen fingers and rail positions.

    Attributes:
        finger: playing finger (index) of each press.
        rows: row at which each chord starts, ascending.
        rail: rail position at each of ``rows`` [m].
    """

    finger: Matching
    rows: tuple[int, ...]
    rail: Array


def choose_fingering(goals: Goals, rig: Rig, reach: Reach, parameters: PlanParameters) -> Fingering:
    """The cheapest fingering of a song.

    Costs: fingers stretched from their neutral place, rail travel and speed, one finger moving
    from key to key without time, tips closer than their width, keys struck beside their middle.

    Raises:
        UnreachableError: naming notes that no finger reaches, or more notes at once than fingers.
    """
    grid = np.arange(rig.rail.range_m[0], rig.rail.range_m[1] + 1e-9, _RAIL_GRID_M)
    planner = FingeringCosts(goals, rig, reach, parameters, grid)
    chords = _chords(goals, len(rig.hand.fingers))
    value = [planner.posture(chords[0], matching) for matching in chords[0].matchings]
    back: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    for before, after in pairwise(chords):
        moved, origins = planner.move_rail(before, after, np.array(value))
        costs = np.array(
            [
                [
                    moved[i] + planner.change(before, old, after, new)
                    for i, old in enumerate(before.matchings)
                ]
                for new in after.matchings
            ]
        )
        back.append((costs.argmin(axis=1), origins))
        value = [
            costs[i].min(axis=0) + planner.posture(after, matching)
            for i, matching in enumerate(after.matchings)
        ]
    matchings, positions = _trace_back(chords, np.array(value), back)
    planner.check(chords, matchings, positions)
    finger = {press: index for matching in matchings for press, index in matching.items()}
    return Fingering(finger, tuple(chord.row for chord in chords), grid[positions])


def _chords(goals: Goals, n_fingers: int) -> list[Chord]:
    chords = []
    for row in sorted({press.start for press in goals.presses}):
        sounding = tuple(
            sorted(
                (p for p in goals.presses if p.start <= row < p.end), key=lambda press: press.key
            )
        )
        if len(sounding) > n_fingers:
            raise UnreachableError(
                f"{goals.name}: {len(sounding)} notes at once at {when(goals, sounding[-1])}, "
                f"but the hand plays with {n_fingers} fingers; leave notes out"
            )
        chosen = combinations(range(n_fingers), len(sounding))
        matchings = tuple(dict(zip(sounding, fingers, strict=True)) for fingers in chosen)
        chords.append(Chord(row, sounding, matchings))
    return chords


def _trace_back(
    chords: list[Chord], value: Array, back: list[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> tuple[list[Matching], list[int]]:
    """The matching and the rail position (index) of each chord on the cheapest way."""
    matching, position = (int(i) for i in np.unravel_index(int(value.argmin()), value.shape))
    matchings, positions = [chords[-1].matchings[matching]], [position]
    for chord, (best, origins) in zip(reversed(chords[:-1]), reversed(back), strict=True):
        matching = int(best[matching, position])
        position = int(origins[matching, position])
        matchings.insert(0, chord.matchings[matching])
        positions.insert(0, position)
    return matchings, positions

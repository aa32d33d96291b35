"""The plan of a study: what is searched first, how, and with how many trials."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.study.search import CmaSearch, Search, TpeSearch

Floats = NDArray[np.float64]

_OFFSET = "joint_offset:"

_DELAYS = ("command_delay_s", "state_delay_s", "keyboard_z_m")
_GAINS = (
    "finger_damping_nms_per_rad",
    "finger_armature_kgm2",
    "finger_stiffness_nm_per_rad",
    "rail_stiffness_n_per_m",
    "rail_gain_damping_ns_per_m",
    "key_stiffness_nm_per_rad",
    _OFFSET,
)
_DELAY_POPULATION = 8


@dataclass(frozen=True)
class Stage:
    """A search over some of the parameters, the others staying where they were best.

    Attributes:
        name: Of the stage; its trials carry it.
        columns: Which entries of a point it searches.
        populations: How many populations it evaluates.
        population: Trials in a population.
        spread: First standard deviation in every entry; None for TPE, which needs none.
    """

    name: str
    columns: tuple[int, ...]
    populations: int
    population: int
    spread: float | None

    def search(self, start: Floats, seed: int) -> Search:
        """The search from a point.

        Args:
            start: The stage's entries of it, shape `(len(columns),)`.
            seed: Of the study; every stage draws other numbers from it.
        """
        own = int(
            np.random.SeedSequence([seed, zlib.crc32(self.name.encode())]).generate_state(1)[0]
        )
        if self.spread is None:
            return TpeSearch(start, self.population, own)
        return CmaSearch(start, self.spread, self.population, own)


def plan_stages(entries: Sequence[str], trials: int) -> tuple[Stage, ...]:
    """Stages over the entries of a point.

    Delay and keyboard height come first, for they cost most and hide the others; then gains, key
    stiffness and zero offsets; then friction and contact; then all together from closer by.

    Args:
        entries: Names of the entries.
        trials: About how many in all; whole populations.
    """
    first = [i for i, name in enumerate(entries) if name in _DELAYS]
    gains = [i for i, name in enumerate(entries) if _is_of(name, _GAINS)]
    contact = [i for i in range(len(entries)) if i not in (*first, *gains)]
    everything = list(range(len(entries)))
    plan = (
        ("delays", first, 0.2, None),
        ("gains", gains, 0.2, 0.15),
        ("contact", contact, 0.25, 0.1),
        ("all", everything, 0.35, 0.05),
    )
    return tuple(_stages(plan, trials))


def trials_of(stages: Sequence[Stage]) -> int:
    """How many trials stages take."""
    return sum(stage.populations * stage.population for stage in stages)


def _stages(
    some: Sequence[tuple[str, list[int], float, float | None]], trials: int
) -> Iterator[Stage]:
    for name, columns, share, spread in some:
        if columns:
            size = _DELAY_POPULATION if spread is None else 4 + int(3 * math.log(len(columns)))
            rounds = max(round(share * trials / size), 1)
            yield Stage(name, tuple(columns), rounds, size, spread)


def _is_of(name: str, group: Sequence[str]) -> bool:
    return name in group or (name.startswith(_OFFSET) and _OFFSET in group)

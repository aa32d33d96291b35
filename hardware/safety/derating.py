"""How much current each motor may draw: less when it, or its supply, had too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

THERMAL_S = 10.0
"""Time constant of a winding's heat [s]. No data sheet has it: short for motors of this size, so
that a blocked motor is throttled after a second; on songs it never matters (docs/safety.md)."""

HEATED_FROM = 0.8
"""Share of the lasting heat from which the limit falls towards the lasting current."""

WARM_C, HOT_C = 55.0, 65.0
"""From where to where the limit falls [degC]; the motors shut down by themselves at 70 degC."""

LOW_V, SAG_V = 4.5, 3.7
"""The same for the supply [V]: below 5 V less a cable's loss, and the motors' lowest voltage
(ROBOTIS e-Manual, XC330-M288: 3.7 to 6 V)."""

STEP = 0.05
"""Shares in which limits move, so that motors need not be written all the time."""

LASTING_A = {"xc330_m288": 0.55, "xl330_m288": 0.35}
"""Current for ever by motor model [A]: the limits that the LEAP hand's makers give for the full and
the lite hand (LEAP_Hand_API); above about 0.6 and 0.3 A users report overloads."""


@dataclass(frozen=True)
class MotorRating:
    """What one motor stands.

    Attributes:
        joint: that it moves.
        peak_a: most current, for a moment [A].
        lasting_a: most current for ever [A].
    """

    joint: str
    peak_a: float
    lasting_a: float


def motor_ratings(peaks_a: Mapping[str, float], model: str) -> tuple[MotorRating, ...]:
    """Ratings of motors of one model, given the peak current of each joint's [A]."""
    lasting_a = LASTING_A[model]
    return tuple(MotorRating(joint, peak_a, lasting_a) for joint, peak_a in peaks_a.items())


class Derating:
    """Follows the heat, temperature and supply of motors; knows what each may draw.

    The heat is the square of the current behind a first-order lag (I²t). A cold motor may draw
    its peak for most of a second, then less and less, at last what it stands for ever.

    Args:
        ratings: of the motors, in the order of all arrays here.

    Attributes:
        heat: over what the lasting current makes, shape `(n,)`; 1 is all it stands.
    """

    def __init__(self, ratings: Sequence[MotorRating]) -> None:
        self.ratings = tuple(ratings)
        self._peak = np.array([rating.peak_a for rating in ratings])
        self._lasting = np.minimum([rating.lasting_a for rating in ratings], self._peak)
        self.heat = np.zeros(len(self.ratings))
        self._temperature = np.full(len(self.ratings), -np.inf)
        self._supply = np.full(len(self.ratings), np.inf)
        self._measured_ns: int | None = None

    @property
    def lasting_a(self) -> Array:
        """What each motor may draw for ever, never above its peak, shape `(n,)` [A]."""
        return self._lasting

    def currents(self, now_ns: int, currents_a: ArrayLike) -> None:
        """Take note of currents, shape `(n,)` [A], drawn since the last call."""
        if self._measured_ns is not None:
            elapsed_s = max(now_ns - self._measured_ns, 0) / 1e9
            target = np.square(np.asarray(currents_a, np.float64) / self._lasting)
            self.heat += (target - self.heat) * -np.expm1(-elapsed_s / THERMAL_S)
        self._measured_ns = now_ns

    def health(self, temperatures_c: ArrayLike, supplies_v: ArrayLike) -> None:
        """Take note of what the motors say, shape `(n,)` [degC, V]; NaN where one says nothing."""
        temperatures = np.asarray(temperatures_c, np.float64)
        supplies = np.asarray(supplies_v, np.float64)
        self._temperature = np.where(np.isnan(temperatures), self._temperature, temperatures)
        self._supply = np.where(np.isnan(supplies), self._supply, supplies)

    def limits_a(self) -> Array:
        """Most that each motor may draw now, from lasting to peak, shape `(n,)` [A]."""
        share = np.min([share for _, share in self._shares()], axis=0)
        share = np.floor(share / STEP + 1e-9) * STEP
        return self._lasting + share * (self._peak - self._lasting)

    def reason(self) -> str:
        """Which motor is limited most, and why; empty when none is."""
        if not self.ratings:
            return ""
        what, share = min(self._shares(), key=lambda cause: float(cause[1].min()))
        joint = self.ratings[int(share.argmin())].joint
        return f"{joint} {what}" if share.min() < 1.0 else ""

    def _shares(self) -> list[tuple[str, Array]]:
        """Each cause, and how much of what peaks have over lasting currents it leaves."""
        return [
            ("drew much current for long", _falling(self.heat, HEATED_FROM, 1.0)),
            ("is warm", _falling(self._temperature, WARM_C, HOT_C)),
            ("has a low supply", _falling(-self._supply, -LOW_V, -SAG_V)),
        ]

    def too_hot(self) -> str:
        """The first joint whose motor is about to shut down by itself, with its temperature."""
        for at in np.flatnonzero(self._temperature >= HOT_C):
            return f"{self.ratings[at].joint} at {self._temperature[at]:.0f} degC"
        return ""

    def sagging(self) -> str:
        """The first joint whose motor has less than its lowest voltage, with that voltage."""
        for at in np.flatnonzero(self._supply < SAG_V):
            return f"{self.ratings[at].joint} at {self._supply[at]:.1f} V"
        return ""


def _falling(values: Array, start: float, end: float) -> Array:
    """1 up to `start`, 0 from `end` on."""
    return np.clip((end - values) / (end - start), 0.0, 1.0)

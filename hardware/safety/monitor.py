"""The states of a hand: active, held, limp; what leads from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hardware.safety.derating import Derating, MotorRating

Array = NDArray[np.float64]

HELD_AFTER_NS, LIMP_AFTER_NS = 100_000_000, 1_000_000_000
"""Time without a command after which the hand is held, then limp [ns]."""

RESET = "run 'dacapo hand release', look at the hand, then start again"


class SafetyState(StrEnum):
    """What the motors do."""

    ACTIVE = "active"
    """They follow targets."""
    HELD = "held"
    """Goals are frozen, currents capped at what motors stand for ever."""
    LIMP = "limp"
    """Torques are off."""


@dataclass(frozen=True, eq=False)
class Decision:
    """What the driver has to see to now.

    Attributes:
        state: of the hand.
        current_limits_a: most current of each motor, shape `(n,)` [A]; all 0 when limp.
        reason: why, for the user; empty when all is well.
        accepts: whether the next command will be followed. If not, only a reset helps.
    """

    state: SafetyState
    current_limits_a: Array
    reason: str
    accepts: bool


class SafetyMonitor:
    """Decides between active, held and limp; pure, with the time as an argument.

    | what | then | out of it |
    |---|---|---|
    | `rest`; 100 ms without a command, or low supply | held | the next command |
    | `stop` (a person, Ctrl-C, a posture) | held at once | reset |
    | 1 s after the last command that was accepted, or the end of a rest | limp | reset |
    | too hot, or `fault` (overload, a bus that is gone) | limp at once | reset |

    Times are monotonic [ns]. Not locked: call it from one thread, or under the driver's lock.

    Args:
        ratings: of the motors, in the order of all arrays. The hand starts limp.
        way_out: what a person has to do where only a reset helps.
    """

    def __init__(self, ratings: Sequence[MotorRating], way_out: str = RESET) -> None:
        self._derating, self._way_out = Derating(ratings), way_out
        self._command_ns = 0
        self._resting = False
        self._stopped = ""
        self._limp = f"not active yet: {self._way_out}"

    def reset(self, now_ns: int) -> None:
        """Begin anew, because a person said so: at rest.

        The heat of the motors is kept: a reset cools nothing.
        """
        self._command_ns, self._stopped, self._limp = now_ns, "", ""
        self._resting = True

    def command(self, now_ns: int) -> bool:
        """A new target arrived; returns whether to follow it."""
        if not self.decide(now_ns).accepts:
            return False
        self._command_ns = now_ns
        followed = not self._derating.sagging()
        self._resting = self._resting and not followed
        return followed

    def rest(self, now_ns: int) -> bool:
        """Hold until the next command, however long that takes: a rest is no silence.

        Returns:
            Whether the hand may: not when only a reset helps.
        """
        accepted = self.decide(now_ns).accepts
        self._resting = self._resting or accepted
        return accepted

    def stop(self, reason: str) -> None:
        """Hold at once, take no command, go limp soon; the first reason stays."""
        self._resting = False
        self._stopped = self._stopped or reason

    def fault(self, reason: str) -> None:
        """Go limp at once; the first reason stays."""
        self._limp = self._limp or f"{reason}: {self._way_out}"

    def measured(self, now_ns: int, currents_a: ArrayLike) -> None:
        """Currents of all motors, shape `(n,)` [A], as read in this cycle."""
        self._derating.currents(now_ns, currents_a)

    def health(self, temperatures_c: ArrayLike, supplies_v: ArrayLike) -> None:
        """Temperatures and supplies, shape `(n,)` [degC, V], once a second; NaN where unknown."""
        self._derating.health(temperatures_c, supplies_v)

    @property
    def heat(self) -> Array:
        """Heat of every motor over what it stands for ever, shape `(n,)`, for diagnostics."""
        return self._derating.heat.copy()

    def decide(self, now_ns: int) -> Decision:
        """What is to be done now; limp stays limp until a reset."""
        if self._resting:
            self._command_ns = now_ns - HELD_AFTER_NS
        silent_ns = now_ns - self._command_ns
        if hot := self._derating.too_hot():
            self.fault(f"{hot} is too hot")
        if not self._limp and silent_ns >= LIMP_AFTER_NS:
            self._limp = f"{self._stopped or 'no command for 1 s'}: {self._way_out}"
        if self._limp:
            nothing = np.zeros_like(self._derating.lasting_a)
            return Decision(SafetyState.LIMP, nothing, self._limp, accepts=False)
        limits = self._derating.limits_a()
        if held := self._held(silent_ns):
            held_a = np.minimum(limits, self._derating.lasting_a)
            return Decision(SafetyState.HELD, held_a, held, accepts=not self._stopped)
        return Decision(SafetyState.ACTIVE, limits, self._derating.reason(), accepts=True)

    def _held(self, silent_ns: int) -> str:
        """Why the hand is held; empty when it is not."""
        if self._stopped:
            return f"{self._stopped}: {self._way_out}"
        if sagging := self._derating.sagging():
            return f"the supply sags, {sagging}: check power supply and cable"
        if silent_ns >= HELD_AFTER_NS:
            return "no command for 100 ms"
        return ""

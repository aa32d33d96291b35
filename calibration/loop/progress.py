"""How far a loop is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a loop is.

    Attributes:
        stage: Such as `round 2` or `final`.
        step: What is being done, such as `train ode_to_joy`.
        share: How much of the step is done, 0 to 1.
        note: The best that is known so far, in words; may be empty.
        ended: Whether the stage has ended and `note` is what came of it.
    """

    stage: str
    step: str
    share: float = 0.0
    note: str = ""
    ended: bool = False


OnProgress = Callable[[Progress], None]

"""Leading a constant delay: score time runs later than the decisions, by what the rig takes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from score import KeyEvent, since_zero
from score.grid import TIME_TOLERANCE_S
from sim.errors import SimError
from sim.model import PHYSICS_STEP_S, PHYSICS_STEPS_PER_CONTROL


@dataclass(frozen=True)
class Lead:
    """When rows of score time end, seen from the control steps in which decisions are taken.

    Decision k is taken at 0.05 k s and is to be heard by the end of row k, which is a lead later
    than the end of control step k: in another control step where there is a lead.

    Attributes:
        seconds: from a moment of the control grid to the same moment of score time.
        rows: how many rows behind the control step is the row that ends in it.
        physics_step: after how many of its physics steps it ends, 1 to 10.
    """

    seconds: float
    rows: int
    physics_step: int

    @classmethod
    def of(cls, lead_s: float) -> Lead:
        """A lead of so many seconds; events are timed to physics steps, and so are rows.

        Raises:
            SimError: a lead that is negative or not a number.
        """
        if not 0.0 <= lead_s < math.inf:
            raise SimError(f"a lead of {lead_s} s: give the command delay of the rig, 0 or more")
        steps = math.floor((lead_s + TIME_TOLERANCE_S) / PHYSICS_STEP_S)
        rows = math.ceil(steps / PHYSICS_STEPS_PER_CONTROL)
        return cls(lead_s, rows, steps - (rows - 1) * PHYSICS_STEPS_PER_CONTROL)

    def in_score_time(self, events: Iterable[KeyEvent]) -> tuple[KeyEvent, ...]:
        """Events whose times count from control step 0, in score time."""
        return since_zero(replace(event, time_s=event.time_s - self.seconds) for event in events)

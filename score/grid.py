"""The control grid: which control step a moment of score time belongs to.

Row `t` of every roll is the set of keys down at score time `(t + 1) * CONTROL_STEP_S`, the end of
control step `t`. A key that goes down exactly then is down, one that comes up exactly then is up.
"""

import math

CONTROL_STEP_S = 0.05
"""Length of a control step [s]."""

LOOKAHEAD = 10
"""How many control steps beyond the present one a policy sees of the goal."""

TIME_TOLERANCE_S = 1e-6
"""Times that differ by less are one moment: sums of steps are not exact in floating point [s]."""


def row_at(time_s: float) -> int:
    """The first row that sees a change made at `time_s`.

    Args:
        time_s: Score time [s]; 0 is the start of the first control step.

    Returns:
        The smallest `t` with `(t + 1) * CONTROL_STEP_S >= time_s`; negative only for times at or
        before 0 s.
    """
    return math.ceil((time_s - TIME_TOLERANCE_S) / CONTROL_STEP_S) - 1


def time_of_row(row: int) -> float:
    """The score time that row `row` shows [s]."""
    return (row + 1) * CONTROL_STEP_S

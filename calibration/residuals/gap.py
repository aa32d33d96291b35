"""What simulator and recordings differ in, in the units of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.residuals.compared import compare_events
from calibration.residuals.replayer import Replay
from calibration.residuals.residuals import joint_errors

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gap:
    """Errors over some segments.

    Attributes:
        onset_mae_ms: Mean absolute error of onsets that both have [ms]; NaN without any.
        release_mae_ms: The same of releases [ms].
        onsets: Recorded onsets.
        missed: Recorded onsets that the simulator lacks.
        extra: Simulated onsets that the recordings lack.
        joint_rmse: Root mean square error of each joint's position, shape `(n,)` [m for the rail,
            rad].
    """

    onset_mae_ms: float
    release_mae_ms: float
    onsets: int
    missed: int
    extra: int
    joint_rmse: Floats

    @property
    def wrong_share(self) -> float:
        """Missed and extra onsets over the recorded ones."""
        return (self.missed + self.extra) / max(self.onsets, 1)


def gap_of(replays: Sequence[Replay]) -> Gap:
    """The gap over the replays of one parameter set."""
    events = [compare_events(replay) for replay in replays]
    down = np.concatenate([one.down for one in events])
    late_s = np.concatenate([one.late_s for one in events])
    squares = np.concatenate([joint_errors(replay)[0] ** 2 for replay in replays])
    return Gap(
        onset_mae_ms=_mae_ms(late_s[down]),
        release_mae_ms=_mae_ms(late_s[~down]),
        onsets=int(down.sum()),
        missed=int(np.isnan(late_s[down]).sum()),
        extra=sum(one.n_extra for one in events),
        joint_rmse=np.sqrt(squares.mean(axis=0)),
    )


def _mae_ms(late_s: Floats) -> float:
    known = late_s[np.isfinite(late_s)]
    return 1e3 * float(np.abs(known).mean()) if len(known) else float("nan")

"""From recordings to residuals: replay under many parameter sets, compared with what happened."""

from calibration.residuals.cutting import LONGEST_S, choose, segments_of
from calibration.residuals.free import FREE, STATE_DELAY, FreeParameters
from calibration.residuals.objective import Objective
from calibration.residuals.replayer import Replay, Replayer
from calibration.residuals.segment import Segment

__all__ = [
    "FREE",
    "LONGEST_S",
    "STATE_DELAY",
    "FreeParameters",
    "Objective",
    "Replay",
    "Replayer",
    "Segment",
    "choose",
    "segments_of",
]

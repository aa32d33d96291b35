"""From recordings to residuals: replay under many parameter sets, compared with what happened."""

from calibration.residuals.choosing import choose
from calibration.residuals.cutting import segments_of
from calibration.residuals.free import FREE, STATE_DELAY, FreeParameters
from calibration.residuals.gap import Gap, gap_of
from calibration.residuals.objective import Objective
from calibration.residuals.replayer import Replay, Replayer
from calibration.residuals.residuals import Residuals, residuals
from calibration.residuals.scales import Scales
from calibration.residuals.segment import LONGEST_S, Segment

__all__ = [
    "FREE",
    "LONGEST_S",
    "STATE_DELAY",
    "FreeParameters",
    "Gap",
    "Objective",
    "Replay",
    "Replayer",
    "Residuals",
    "Scales",
    "Segment",
    "choose",
    "gap_of",
    "residuals",
    "segments_of",
]

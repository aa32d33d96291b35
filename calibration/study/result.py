"""What a calibration found, and the files that say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calibration.errors import CalibrationError
from calibration.recordings import own_versions
from calibration.residuals.gap import Gap
from sim import PhysicsParameters, write_parameters


@dataclass(frozen=True, eq=False)
class Judgement:
    """What parameters do with segments that nothing was learned from.

    Attributes:
        cost: Half the mean square of the residuals, in variances of the noise.
        gap: The same in milliseconds, notes and radians; None where nobody could play.
    """

    cost: float
    gap: Gap | None


@dataclass(frozen=True, eq=False)
class Calibration:
    """The result of a calibration.

    Attributes:
        parameters: What was fitted.
        intervals: Lowest and highest likely value (95 %) of every fitted physics parameter.
        identifiable: Names of those that the recordings tell; the others stayed near nominal.
        on_bound: Names of those that sit on a bound: the truth may lie beyond it.
        judged_before: The previous parameters on held-out recordings.
        judged_after: The fitted ones.
        accepted: Whether the held-out error fell. What is not accepted is not to be used.
        trials: Finished trials; every pass of least squares counts as one.
        wall_s: Seconds of this session.
        state_delay_s: Fitted age of the joint states when they were read [s].
        path: The file of the parameters.
        silent: Recordings that were left out for they hold no key event.
        beyond: Names of those whose previous value lies beyond the bounds of the fit, which began
            at the bound; they were judged as they are.
    """

    parameters: PhysicsParameters
    intervals: Mapping[str, tuple[float, float]]
    identifiable: tuple[str, ...]
    on_bound: tuple[str, ...]
    judged_before: Judgement
    judged_after: Judgement
    accepted: bool
    trials: int
    wall_s: float
    state_delay_s: float
    path: Path
    silent: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()

    @property
    def heldout_before(self) -> float:
        """Cost of the previous parameters on held-out recordings."""
        return self.judged_before.cost

    @property
    def heldout_after(self) -> float:
        """Cost of the fitted ones."""
        return self.judged_after.cost

    def to_dict(self) -> dict[str, Any]:
        """What `dacapo calibrate --json` prints."""
        return {
            "params": str(self.path),
            "accepted": self.accepted,
            "heldout": {
                "before": self.heldout_before,
                "after": self.heldout_after,
                "gap_before": _gap(self.judged_before.gap),
                "gap_after": _gap(self.judged_after.gap),
            },
            "identifiable": list(self.identifiable),
            "on_bound": list(self.on_bound),
            "state_delay_s": self.state_delay_s,
            "left_out": list(self.silent),
            "trials": self.trials,
            "wall_s": round(self.wall_s, 3),
        }


def place_of(out: Path, accepted: bool) -> Path:
    """Where a fit is written: `out`, or beside it when it must not be used."""
    return out if accepted else out.with_name(f"{out.stem}.rejected{out.suffix}")


def write_calibration(
    result: Calibration,
    recordings: Mapping[str, str],
    study: str,
    seed: int,
    previous: Mapping[str, float],
) -> None:
    """Write the parameters file: values, intervals, and where they come from.

    Args:
        result: What to write.
        recordings: SHA-256 by path of what was learned from.
        study: Name of the study, and where it is.
        seed: Of it.
        previous: What was known before, by name.

    Raises:
        CalibrationError: The folder cannot be written.
    """
    told = result.to_dict()
    told.pop("params")
    told.pop("wall_s")  # the same study gives the same file
    provenance = {
        **told,
        "study": study,
        "seed": seed,
        "previous": dict(previous),
        "recordings": dict(recordings),
        "rig_hash": result.parameters.rig.hash,
        "versions": own_versions(),
    }
    try:
        write_parameters(result.parameters, result.path, result.intervals, provenance)
    except OSError as error:
        raise CalibrationError(f"cannot write {result.path}: {error.strerror}") from error


def _gap(gap: Gap | None) -> dict[str, Any] | None:
    if gap is None:
        return None
    return {
        "onset_mae_ms": _finite(gap.onset_mae_ms),
        "release_mae_ms": _finite(gap.release_mae_ms),
        "onsets": gap.onsets,
        "missed": gap.missed,
        "extra": gap.extra,
        "joint_rmse": [float(error) for error in gap.joint_rmse],
    }


def _finite(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None

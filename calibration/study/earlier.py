"""What was known before: what is given, or what the file to write holds already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from calibration.errors import CalibrationError
from calibration.study.case import Case
from sim import FittedParameters, ParameterError, PhysicsParameters, Rig, read_fitted


def case_beside(
    out: Path,
    rig: Rig,
    given: PhysicsParameters | None,
    make: Callable[[PhysicsParameters | None], Case],
    name: Callable[[Case], str],
) -> Case:
    """The case of a study whose result may replace a file: never one that was not compared with.

    A file that the same study wrote is no earlier knowledge: the study goes on as it began.

    Args:
        out: The parameters file to write.
        rig: What was recorded.
        given: What was known before; what `out` holds if None and there is one.
        make: Makes the case around what was known before.
        name: Of the study of a case.

    Raises:
        CalibrationError: `out` holds other parameters than those that are given.
        ParameterError: `out` is no parameters file of the rig.
    """
    if not out.exists():
        return make(given)
    there = read_fitted(out, rig)
    case = make(_known_to(there) if given is None else given)
    if str(there.provenance.get("study", "")).startswith(f"{name(case)} in "):
        return case
    if given is None:
        return make(there.parameters)
    if given.values != there.parameters.values:
        raise CalibrationError(
            f"{out} exists and holds other parameters: give these with --params {out}, or name "
            "another --out"
        )
    return case


def _known_to(there: FittedParameters) -> PhysicsParameters | None:
    """What was known before the study that wrote a file; None if that does not say."""
    previous = there.provenance.get("previous")
    if not isinstance(previous, dict):
        return None
    try:
        return PhysicsParameters.nominal(there.parameters.rig).with_values(**previous)
    except (ParameterError, TypeError, ValueError):
        return None

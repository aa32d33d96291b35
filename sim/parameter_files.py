"""Files of physics parameters: what a calibration found, how sure it is, and how it came to be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from score import write_whole
from sim.anyrig import AnyRig
from sim.errors import ParameterError
from sim.parameters import PhysicsParameters, parameter_table
from sim.yaml_files import first_complaint, read_yaml

Intervals = Mapping[str, tuple[float, float]]
"""Lowest and highest likely value by parameter name, SI units."""


@dataclass(frozen=True)
class FittedParameters:
    """What a parameters file says.

    Attributes:
        parameters: the values; what the file leaves out is nominal.
        intervals: of those that were fitted; empty when the file has none.
        provenance: where the values come from: recordings, study, code version.
    """

    parameters: PhysicsParameters
    intervals: Intervals
    provenance: Mapping[str, Any]


class _ParametersFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = Field(alias="schema")
    rig: str
    values: dict[str, float]
    intervals: dict[str, tuple[float, float]] = {}
    provenance: dict[str, Any] = {}


def write_parameters(
    parameters: PhysicsParameters,
    path: Path,
    intervals: Intervals | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Write a YAML file, whole or not at all.

    Args:
        parameters: what to write.
        path: the file.
        intervals: lowest and highest likely value by parameter name, inside the table's bounds.
        provenance: where the values come from: recordings, study, code version.

    Raises:
        ParameterError: intervals that the reader would refuse.
        OSError: the folder cannot be written.
    """
    write_whole(path, parameters_text(parameters, intervals, provenance).encode())


def parameters_text(
    parameters: PhysicsParameters,
    intervals: Intervals | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> str:
    """What ``write_parameters`` writes."""
    content = _ParametersFile(
        schema=1,
        rig=parameters.rig.name,
        values=dict(parameters.values),
        intervals=dict(intervals or {}),
        provenance=dict(provenance or {}),
    )
    _check_intervals(content.intervals, parameters.rig)
    return yaml.safe_dump(content.model_dump(mode="json", by_alias=True), sort_keys=False)


def read_parameters(path: Path, rig: AnyRig) -> PhysicsParameters:
    """The values of a physics parameters file, see ``read_fitted``."""
    return read_fitted(path, rig).parameters


def read_fitted(path: Path, rig: AnyRig) -> FittedParameters:
    """Read a physics parameters file made for ``rig``; missing values are nominal.

    Raises:
        ParameterError: unreadable file, another rig, unknown or out-of-range value or interval;
            the message names the file.
    """
    if not parameter_table(rig):
        raise ParameterError(f"{path}: rig '{rig.name}' has no physics parameters: leave it out")
    try:
        content = _ParametersFile.model_validate(read_yaml(path))
        if content.rig != rig.name:
            raise ParameterError(f"made for rig '{content.rig}', not '{rig.name}'")
        parameters = PhysicsParameters.nominal(rig).with_values(**content.values)
        _check_intervals(content.intervals, rig)
        return FittedParameters(parameters, content.intervals, content.provenance)
    except ValidationError as error:
        raise ParameterError(f"{path}: {first_complaint(error)}") from error
    except (ValueError, ParameterError) as error:
        raise ParameterError(f"{path}: {error}") from error


def _check_intervals(intervals: Intervals, rig: AnyRig) -> None:
    """See that intervals are ordered and inside the table's bounds.

    Raises:
        ParameterError: naming the first that is not.
    """
    table = {entry.name: entry for entry in parameter_table(rig)}
    for name, (low, high) in intervals.items():
        if name not in table:
            raise ParameterError(f"interval of unknown physics parameter '{name}'")
        entry = table[name]
        if not (math.isfinite(low + high) and entry.low <= low <= high <= entry.high):
            raise ParameterError(
                f"interval of {name}, {low:g} to {high:g} {entry.unit}: it must be ordered and "
                f"lie between {entry.low:g} and {entry.high:g}"
            )

"""Checksums of trials: a changed digit in a study file must not become part of a result."""

from __future__ import annotations

import zlib

import numpy as np
from optuna.trial import FrozenTrial, TrialState

ASKED, RESULT = "asked_crc32", "result_crc32"
"""Attributes of trials: checksum of what is to be evaluated, and of what came of it."""

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def of_asked(trial: FrozenTrial) -> int:
    """Of where a trial belongs, its point and its limit."""
    where = [trial.user_attrs[name] for name in ("stage", "population", "index")]
    point = sorted(trial.params.items())
    return _crc32(*where, point, float(trial.system_attrs.get("prune_above", np.inf)))


def of_result(asked: int, state: TrialState, first: float, value: float) -> int:
    """Of what came of a trial.

    Args:
        asked: Checksum of what was asked.
        state: `COMPLETE` or `PRUNED`.
        first: Cost of the first part of the recordings.
        value: Cost of all; of a pruned one that of the first part.
    """
    return _crc32(asked, state.name, float(first), float(value))


def sign(trial: FrozenTrial) -> None:
    """Add the checksums of a trial before it is entered."""
    trial.set_user_attr(ASKED, of_asked(trial))
    if trial.state in FINISHED:
        trial.set_user_attr(RESULT, _found(trial))


def is_signed(trial: FrozenTrial) -> bool:
    """Whether a trial has the checksums that it must have, right or wrong."""
    return ASKED in trial.user_attrs and (trial.state not in FINISHED or RESULT in trial.user_attrs)


def check_whole(trial: FrozenTrial) -> None:
    """See that a signed trial is what was entered.

    Raises:
        ValueError: Something in it changed.
    """
    changed = trial.user_attrs[ASKED] != of_asked(trial)
    if trial.state in FINISHED:
        changed |= trial.user_attrs[RESULT] != _found(trial)
    elif trial.state == TrialState.WAITING:
        changed |= RESULT in trial.user_attrs
    if changed:
        raise ValueError(f"trial {trial.number} was changed")


def _found(trial: FrozenTrial) -> int:
    first, value = trial.intermediate_values.get(0), trial.value
    if first is None or value is None:
        raise ValueError(f"trial {trial.number} lacks its costs")
    return of_result(trial.user_attrs[ASKED], trial.state, first, value)


def _crc32(*parts: object) -> int:
    return zlib.crc32(repr(parts).encode())

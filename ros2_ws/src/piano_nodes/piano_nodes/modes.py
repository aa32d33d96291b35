"""What each mode needs before anything starts, and what it has no use for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from piano_nodes.errors import NodeError
from piano_nodes.graph import PLAY_ARGUMENTS


def check_mode(given: Mapping[str, str]) -> None:
    """See that what was asked for can start: nothing has moved yet.

    Args:
        given: Value of each of `PLAY_ARGUMENTS`, by name.

    Raises:
        NodeError: something is given that is wrong or that the mode has no use for, or missing
            that it needs.
        HardwareError: hand or keyboard are not ready; says what to do.
    """
    mode = given["mode"]
    for argument in PLAY_ARGUMENTS:
        if mode not in argument.modes and given.get(argument.name):
            right = " or ".join(argument.modes)
            raise NodeError(
                f"mode {mode} has no {argument.name}: leave it out, or take mode {right}"
            )
    if not (given.get("trial") or "0").isdecimal():
        raise NodeError(f"trial '{given['trial']}' is no whole number: count trials from 0")
    if mode != "sim":  # what is imported here needs packages that only hardware needs
        importlib.import_module("piano_nodes.ready").check_ready(given)

"""`dacapo doctor hand`: from the serial device to the speed of the bus, without moving anything."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from dacapo.checks import Check


def hand_checks(arguments: argparse.Namespace) -> Iterator[Check]:
    """Every check, those on the hand itself only when all motors answer.

    Args:
        arguments: `rig`, `port` (serial device) and `device` (file).
    """
    from dacapo.hand import load_device
    from hardware.hand.examination import examine_hand
    from sim import load_rig

    rig = load_rig(arguments.rig)
    for finding in examine_hand(rig, load_device(rig, arguments.device), arguments.port or None):
        yield Check(finding.name, "ok" if finding.ok else "missing", finding.detail, finding.mend)

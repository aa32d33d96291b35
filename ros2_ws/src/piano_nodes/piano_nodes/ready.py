"""Whether hand and keyboard are ready to play; looks at them and moves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hardware.hand.device import dynamixel_driver, read_device
from hardware.hand.examination import examine_hand
from hardware.keyboard.ports import choose_port, ports
from hardware.world import load_world
from piano_nodes.errors import NodeError
from sim import Rig, load_rig


def check_ready(given: Mapping[str, str]) -> None:
    """See that the hardware of mode real is ready, or that the rig of mode emulated exists.

    Args:
        given: Value of each of `graph.PLAY_ARGUMENTS`, by name.

    Raises:
        NodeError: no device file is given, or the hand does not pass `dacapo doctor hand`.
        HardwareError: there is no keyboard, no such world, or a file is wrong; says what to do.
    """
    rig = load_rig(given["rig"])
    dynamixel_driver(rig)
    if given["mode"] == "real":
        _check_hand(rig, given["device"], given["port"])
        choose_port(ports(), given["keyboard"])
    elif given["world"]:
        load_world(given["world"])


def _check_hand(rig: Rig, device: str, port: str) -> None:
    if not device:
        raise NodeError(
            "mode real needs the device file of the hand: name it, or make one with 'dacapo hand "
            "setup-motors --device FILE'"
        )
    findings = examine_hand(rig, read_device(Path(device), rig), port or None)
    wrong = [finding for finding in findings if not finding.ok]
    if wrong:
        listed = "; ".join(f"{finding.name}: {finding.detail}" for finding in wrong)
        cures = "; ".join(dict.fromkeys(finding.mend for finding in wrong if finding.mend))
        raise NodeError(f"the hand does not pass its doctor ({listed}): {cures}")

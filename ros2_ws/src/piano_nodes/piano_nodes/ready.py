"""Whether hand and keyboard are ready to play; looks at them and moves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hardware.hand.device import dynamixel_driver, read_device
from hardware.hand.examination import examine_hand
from hardware.keyboard.ports import choose_port, ports
from hardware.world import load_world
from piano_nodes.errors import NodeError
from sim import Rig, RosTrajectoryDriver, load_rig


def check_ready(given: Mapping[str, str]) -> None:
    """See that the hardware of mode real is ready, or that the rig of mode emulated exists.

    Args:
        given: Value of each of `graph.PLAY_ARGUMENTS`, by name.

    Raises:
        NodeError: no device file is given, or one that is of no use, or the hand does not pass
            `dacapo doctor hand`.
        HardwareError: there is no keyboard, no such world, or a file is wrong; says what to do.
    """
    rig = load_rig(given["rig"])
    if isinstance(rig.driver, RosTrajectoryDriver):
        _refuse_devices(rig, given)  # the node finds controllers, or says which are not there
    elif given["mode"] == "real":
        _check_hand(rig, given["device"], given["port"])
    else:
        dynamixel_driver(rig)
    if given["mode"] == "real":
        choose_port(ports(), given["keyboard"])
    elif given["world"]:
        load_world(given["world"])


def _refuse_devices(rig: Rig, given: Mapping[str, str]) -> None:
    for name in ("device", "port"):
        if given[name]:
            raise NodeError(
                f"rig {rig.name} is reached through its controllers' topics and has no {name}: "
                "leave it out"
            )


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

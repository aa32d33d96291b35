"""The process `emulated_rig`: the hardware of mode `emulated`, behind its devices.

Knows ROS only where the rig's own controllers do.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from pathlib import Path

from hardware.emulator.midi_out import MidiOut
from hardware.emulator.rig import EmulatedRig
from hardware.world import load_world
from piano_nodes.errors import NodeError
from sim import RosTrajectoryDriver, load_rig

QUIET_S = 0.3
"""The line is at rest when nobody has talked for so long [s]: 30 cycles of a driver."""
LEAVE_S = 5.0
"""How long whoever drives the rig may take to let go when all are told to end [s]."""


def run(arguments: list[str], wait: Callable[[], bool]) -> None:
    """Run an emulated rig until `wait`, called over and over, says it must end.

    It ends after whoever drives it: a launch file stops all its processes at once, and a motor
    that vanishes before it was let go would be a fault of the hardware.

    Args:
        arguments: Rig, world, serial device (of controllers: what their
            topics are told apart by), name of the keyboard, and which draw of the world's jitter
            and noise.
        wait: Whether to end; takes a moment to answer.

    Raises:
        DaCapoError: when rig, world or devices cannot be had, or its physics failed.
    """
    rig, world, trial = load_rig(arguments[0]), load_world(arguments[1]), int(arguments[4])
    with MidiOut(arguments[3]) as port:
        if isinstance(rig.driver, RosTrajectoryDriver):
            controllers = importlib.import_module("piano_nodes.emulated_controllers")
            controllers.run(rig, world, port, wait, namespace=arguments[2], trial=trial)
        else:
            with EmulatedRig(rig, world, Path(arguments[2]), port, trial) as emulated:
                _run_motors(emulated, wait)


def _run_motors(emulated: EmulatedRig, wait: Callable[[], bool]) -> None:
    while emulated.running and not wait():
        pass
    if not emulated.running:
        raise NodeError("the emulated world stopped: its physics failed")
    _wait_for_silence(emulated)


def _wait_for_silence(emulated: EmulatedRig) -> None:
    give_up_at = time.monotonic() + LEAVE_S
    heard = -1
    while heard != emulated.line.packets and time.monotonic() < give_up_at:
        heard = emulated.line.packets
        time.sleep(QUIET_S)

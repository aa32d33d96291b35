"""An emulated hand for the tests of its driver: nominal, near the rail's end stop."""

import time
from collections.abc import Callable

import numpy as np

from hardware.emulator.rig import EmulatedRig
from hardware.hand.device import nominal_device
from hardware.hand.driver import HandDriver
from sim import load_rig

RIG = load_rig("leap_rail_49")
DEVICE = nominal_device(RIG)


def wait_for(condition: Callable[[], bool], patience_s: float = 3.0) -> bool:
    """Whether something comes true in time."""
    deadline_s = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.002)
    return True


def follow(driver: HandDriver, targets: np.ndarray, condition: Callable[[], bool]) -> bool:
    """Command the same targets twenty times a second until something is so, 3 s at most."""
    for _ in range(60):
        driver.set_targets(targets)
        if wait_for(condition, 0.05):
            return True
    return False


def rail_m(emulated: EmulatedRig) -> float:
    """Where the carriage really is."""
    simulator = emulated.mechanics.simulator
    return float(simulator.data.qpos[simulator.model.joint_qpos[0]])

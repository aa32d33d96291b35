"""Moving one joint at a time, beside a picture of what should be seen: are the names right?

Joint order, signs and thumb mount are what most often differs between a simulated and a real
hand, and no motor can tell: a person has to look, before the whole hand is ever switched on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hardware.bus.exchange import MotorBus
from hardware.bus.port import SerialPort
from hardware.bus.sdk import Motors
from hardware.errors import MotorFault
from hardware.hand.activation import MotorSettings, activate, motor_settings, release
from hardware.hand.device import Device, dynamixel_driver
from hardware.hand.handshake import shake_hands
from hardware.hand.homing import PERIOD_NS, SlowMotion, measure
from hardware.hand.joints import make_joint_map
from score import Goals, Score
from sim import RAIL, Rig
from sim.replay import Replay

AMPLITUDE_RAD, AMPLITUDE_M = 0.25, 0.02
SWING_S = 1.6
"""Up and back to where it was [s]."""

CURRENT_A = 0.35
"""Most the motor draws [A]: LEAP's own limit for the weaker of its motors."""


@dataclass(frozen=True)
class Wiggle:
    """What one joint did.

    Attributes:
        joint: its name.
        asked: how far it was to move, signed [rad, m for the rail].
        moved: how far it went by its own encoder, signed.
        others: joints that moved along, though their motors were limp.
    """

    joint: str
    asked: float
    moved: float
    others: tuple[str, ...]

    @property
    def followed(self) -> bool:
        """Whether it went at least half of the way."""
        return self.moved / self.asked > 0.5


def wiggle_joint(rig: Rig, device: Device, port_name: str | None, joint: str) -> Wiggle:
    """Move one joint up and back with little current; all other motors are limp.

    Args:
        rig: the plan.
        device: how this hand was built; the rail needs no homing for this.
        port_name: serial device; None for the rig's.
        joint: name of the joint, parked ones included.

    Raises:
        BusError: the port cannot be used, or motors are missing or wrong.
        MotorFault: motors have errors or pull already, or the joint cannot move.
        DeviceError: the device file is not of this hardware.
    """
    joint_map, driver = make_joint_map(rig, device), dynamixel_driver(rig)
    at = joint_map.names.index(joint)
    only = _gentle(motor_settings(rig), driver.motors[joint])
    with SerialPort(port_name or driver.port, driver.baud_rate) as port:
        motors, bus = Motors(port), MotorBus(port, joint_map.motor_ids)
        shake_hands(rig, device, bus)
        motion = SlowMotion(bus, joint_map, measure(bus, joint_map))
        start = motion.position.copy()
        way = _way(joint, start[at])
        activate(motors, only)
        try:
            farthest = _swing(motion, at, way)
        finally:
            failed = release(motors, only)
    if failed:
        raise MotorFault(f"not limp for sure: {'; '.join(failed)}: switch the power off")
    moved = farthest - start
    names = enumerate(joint_map.names)
    others = [name for i, name in names if i != at and abs(moved[i]) > 0.5 * _amplitude(name)]
    return Wiggle(joint, way, float(moved[at]), tuple(others))


def wiggle_pose(rig: Rig, joint: str) -> tuple[Rig, Replay]:
    """The flat hand and, a second later, one joint up: what the picture shows.

    Returns:
        The rig with no joint parked, and the two postures at 0 and 1 s.
    """
    content = rig.model_dump(by_alias=True)
    tips = [tip.finger for tip in rig.hand_data.tips]
    content["hand"] |= {"parked_rad": {}, "fingers": tips}
    free = Rig.model_validate(content)
    postures = np.zeros((2, len(free.joint_names)))
    postures[1, free.joint_names.index(joint)] = 2.0 * _amplitude(joint)  # seen from far away
    n_keys, lowest = rig.keyboard.n_keys, rig.keyboard.lowest_pitch
    silence = np.zeros((1, n_keys), bool)
    goals = Goals(joint, Score(joint, ()), lowest, n_keys, silence, np.zeros(1, bool), ())
    return free, Replay(goals, (), np.array([0.0, 1.0]), postures)


def _amplitude(joint: str) -> float:
    return AMPLITUDE_M if joint == RAIL else AMPLITUDE_RAD


def _way(joint: str, start: float) -> float:
    """How far to move: up, or down for a finger joint that is already bent far."""
    return -_amplitude(joint) if joint != RAIL and start > 0.8 else _amplitude(joint)


def _gentle(settings: Mapping[int, MotorSettings], motor_id: int) -> dict[int, MotorSettings]:
    motor = settings[motor_id]
    return {motor_id: replace(motor, current_limit_a=min(CURRENT_A, motor.current_limit_a))}


def _swing(motion: SlowMotion, at: int, way: float) -> np.ndarray:
    """Up and back along a cosine; where all joints were at the far end."""
    start, farthest = motion.position[at], motion.position.copy()
    steps = round(SWING_S * 1e9 / PERIOD_NS)
    for step in range(1, steps + 1):
        motion.targets[at] = start + way * (1 - math.cos(2 * math.pi * step / steps)) / 2
        motion.step()
        if abs(motion.position[at] - start) >= abs(farthest[at] - start):
            farthest = motion.position.copy()
    return farthest

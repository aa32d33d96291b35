"""From joints to motors and back: names and SI units on one side, ids and raw values on the other.

The only place of the hand driver that knows the motors' units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hardware.bus.registers import A_PER_UNIT, MODELS, RAD_PER_TICK, RAD_S_PER_UNIT
from hardware.hand.device import Device, dynamixel_driver
from sim import RAIL, Rig

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class JointMap:
    """Every joint with a motor: the actuated ones in the order of actions, then the parked ones.

    Attributes:
        names: of the joints, `n` actuated, then parked; the rail is first.
        motor_ids: motor of each joint.
        zero_rad: motor angle when the joint is at zero, shape `(n_motors,)` [rad]; the rail's
            is not known before homing.
        scale: joint movement per motor angle, signed, shape `(n_motors,)` [m/rad for the rail, 1].
        parked: angles of the parked joints, shape `(n_motors - n,)` [rad].
    """

    names: tuple[str, ...]
    motor_ids: tuple[int, ...]
    zero_rad: Array
    scale: Array
    parked: Array

    @property
    def n_joints(self) -> int:
        """Number of actuated joints."""
        return len(self.names) - len(self.parked)

    def homed(self, motor_rad: float, position_m: float) -> JointMap:
        """The same with the rail's zero known: its motor is at `motor_rad` at `position_m`."""
        zero_rad = self.zero_rad.copy()
        zero_rad[0] = motor_rad - position_m / self.scale[0]
        return replace(self, zero_rad=zero_rad)

    def goals(self, targets: Array) -> dict[int, int]:
        """What to write into Goal_Position of every motor, parked ones included.

        Args:
            targets: of the actuated joints, shape `(n,)` [m for the rail, rad].
        """
        return self.motor_goals(np.concatenate((targets, self.parked)))

    def motor_goals(self, joints: Array) -> dict[int, int]:
        """The same from targets of all joints, shape `(n_motors,)`."""
        ticks = np.rint(self.motor_rad(joints) / RAD_PER_TICK)
        return dict(zip(self.motor_ids, ticks.astype(int).tolist(), strict=True))

    def motor_rad(self, joints: Array) -> Array:
        """Angles of the motors at joint positions, both shape `(n_motors,)` [rad]."""
        return joints / self.scale + self.zero_rad

    def name_of(self, motor_id: int) -> str:
        """Joint and motor in words."""
        return f"{self.names[self.motor_ids.index(motor_id)]} (motor {motor_id})"

    def positions(self, ticks: Array) -> Array:
        """Joint positions from Present_Position, both shape `(n_motors,)` [m for the rail, rad]."""
        return (ticks * RAD_PER_TICK - self.zero_rad) * self.scale

    def velocities(self, raw: Array) -> Array:
        """Joint velocities from Present_Velocity, both shape `(n_motors,)` [m/s, rad/s]."""
        return raw * RAD_S_PER_UNIT * self.scale

    def currents_a(self, raw: Array) -> Array:
        """Currents from Present_Current, both shape `(n_motors,)` [A].

        Their sign is that of the force on the joint.
        """
        return raw * A_PER_UNIT * np.sign(self.scale)


def make_joint_map(rig: Rig, device: Device) -> JointMap:
    """How the joints of one device hang on its motors.

    Raises:
        DeviceError: the rig has no Dynamixel motors.
    """
    driver = dynamixel_driver(rig)
    parked = tuple(sorted(rig.hand.parked_rad, key=driver.motors.__getitem__))
    fingers = (*rig.joint_names[1:], *parked)
    joints = [device.joints[name] for name in fingers]
    return JointMap(
        names=(RAIL, *fingers),
        motor_ids=tuple(driver.motors[name] for name in (RAIL, *fingers)),
        zero_rad=np.array([0.0, *(joint.zero_rad for joint in joints)]),
        scale=np.array(
            [device.rail.sign * driver.rail_m_per_rad, *(float(joint.sign) for joint in joints)]
        ),
        parked=np.array([rig.hand.parked_rad[name] for name in parked]),
    )


def joint_limits(rig: Rig, device: Device) -> tuple[Array, Array]:
    """Lowest and highest target of every actuated joint, shape `(n,)` [m for the rail, rad]."""
    limits = [device.rail.limits_m, *(device.joints[n].limits_rad for n in rig.joint_names[1:])]
    return np.array([low for low, _ in limits]), np.array([high for _, high in limits])


def current_limits_a(rig: Rig) -> Mapping[str, float]:
    """Most current that each joint's motor may draw, by joint [A].

    It follows from the torque or force limit that the simulated rig has, so that the real one is
    neither weaker nor stronger: torque over torque per current of the motor model.
    """
    driver = dynamixel_driver(rig)
    model = MODELS[driver.model]
    rail_nm = rig.rail.force_limit_n * driver.rail_m_per_rad
    torques = dict.fromkeys(driver.motors, rig.finger.torque_limit_nm) | {RAIL: rail_nm}
    return {
        joint: min(torque / model.torque_per_current_nm_a, model.stall_current_a)
        for joint, torque in torques.items()
    }


def effort_per_current(rig: Rig) -> Array:
    """Force or torque that a current makes at every actuated joint, shape `(n,)` [N/A, Nm/A]."""
    driver = dynamixel_driver(rig)
    effort = np.full(len(rig.joint_names), MODELS[driver.model].torque_per_current_nm_a)
    effort[0] /= driver.rail_m_per_rad
    return effort

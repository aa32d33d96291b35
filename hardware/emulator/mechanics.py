"""What the emulated motors turn: the hand and the rail of a world, and the parked joints."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from hardware.bus.registers import MODELS
from hardware.emulator.firmware import Motor
from hardware.hand.device import dynamixel_driver
from hardware.world import World, WorldSimulator
from score import KeyEvent
from sim import PHYSICS_STEP_S, RAIL, DynamixelDriver, Rig

ZERO_RAD = math.pi
"""Where the shaft stands when its joint is at zero: LEAP hands are assembled that way. Of the
rail it is an accident of where the belt was clamped; a driver has to find it by homing."""

RAIL_START_M = 0.05
"""Where the carriage stands when power comes on."""

_PARKED_TIME_CONSTANT_S = 0.04


class ParkedJoint:
    """A joint that touches nothing: its motor goes to its goal, at most at its no-load speed.

    Args:
        angle_rad: Of the motor's shaft at first.
        speed_limit_rad_s: No-load speed.
    """

    def __init__(self, angle_rad: float, speed_limit_rad_s: float) -> None:
        self.angle_rad = angle_rad
        self.speed_rad_s = 0.0
        self._limit = speed_limit_rad_s

    def step(self, goal_rad: float, torque_on: bool) -> None:
        """Advance one physics step."""
        wanted = (goal_rad - self.angle_rad) / _PARKED_TIME_CONSTANT_S if torque_on else 0.0
        self.speed_rad_s = min(max(wanted, -self._limit), self._limit)
        self.angle_rad += self.speed_rad_s * PHYSICS_STEP_S


class Mechanics:
    """Hand, rail and keyboard of a world, moved by motors.

    Args:
        rig: With a `dynamixel` driver.
        world: Its truth.
        trial: Which draw of its noise.

    Attributes:
        simulator: The world's physics.
        motors: One for every joint that has one, by joint, as configured for use.

    Raises:
        DeviceError: the rig has no such motors.
        WorldError: the world is impossible with this rig.
    """

    def __init__(self, rig: Rig, world: World, trial: int = 0) -> None:
        driver = dynamixel_driver(rig)
        self.simulator = WorldSimulator(rig, world, trial)
        # A driver that pushes against the end stop must feel it: goals are not limited here.
        self.simulator.model.mj.actuator_ctrllimited[:] = 0
        self._torque_nm_per_a = MODELS[driver.model].torque_per_current_nm_a
        self._joints = rig.joint_names
        self._scale = np.array([driver.rail_m_per_rad if j == RAIL else 1.0 for j in self._joints])
        nominal = [driver.rail_gains if j == RAIL else driver.finger_gains for j in self._joints]
        self._gains = np.array([(gains.position_p, gains.position_d) for gains in nominal])
        self.simulator.reset([RAIL_START_M if j == RAIL else 0.0 for j in self._joints])
        speed_rad_s = MODELS[driver.model].no_load_speed_rad_s
        self._parked = {
            joint: ParkedJoint(ZERO_RAD + angle_rad, speed_rad_s)
            for joint, angle_rad in rig.hand.parked_rad.items()
        }
        self.motors = self._make_motors(driver)
        self._actuated = [self.motors[joint] for joint in self._joints]
        self._servos: list[tuple[bool, float, tuple[int, int]]] = []
        self.tell()

    def step(self) -> list[KeyEvent]:
        """Advance one physics step to where the motors pull; return the keys that moved."""
        servos = [(m.torque_on, m.current_limit_a, m.gains) for m in self._actuated]
        if servos != self._servos:
            self._servos = servos
            self._set_servos()
        for joint, parked in self._parked.items():
            parked.step(self.motors[joint].goal_rad, self.motors[joint].torque_on)
        goals = np.array([motor.goal_rad for motor in self._actuated])
        return self.simulator.step((goals - ZERO_RAD) * self._scale)

    def tell(self) -> None:
        """Let the encoders read where the joints are, late and noisy as the world has it."""
        simulator, scale = self.simulator, self._scale
        angles = simulator.joint_positions / scale + ZERO_RAD
        speeds = simulator.joint_velocities / scale
        currents = simulator.motor_torques * scale / self._torque_nm_per_a
        rows = zip(angles.tolist(), speeds.tolist(), currents.tolist(), strict=True)
        for motor, row in zip(self._actuated, rows, strict=True):
            motor.sense(*row)
        for joint, parked in self._parked.items():
            self.motors[joint].sense(parked.angle_rad, parked.speed_rad_s, 0.0)

    def _make_motors(self, driver: DynamixelDriver) -> Mapping[str, Motor]:
        """Motors as `dacapo hand setup-motors` leaves them: no return delay."""
        angles = self.simulator.joint_positions / self._scale + ZERO_RAD
        shafts = dict(zip(self._joints, angles.tolist(), strict=True))
        shafts |= {joint: parked.angle_rad for joint, parked in self._parked.items()}
        return {
            joint: Motor(
                driver.model, driver.motors[joint], driver.baud_rate, angle_rad, return_delay=0
            )
            for joint, angle_rad in shafts.items()
        }

    def _set_servos(self) -> None:
        torque_on, limits_a, gains = zip(*self._servos, strict=True)
        scales = np.array(gains) / self._gains
        limits = np.array(limits_a) * self._torque_nm_per_a / self._scale
        self.simulator.set_servos(torque_on, limits, scales[:, 0], scales[:, 1])

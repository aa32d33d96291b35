"""From references to commands: joint angles, and targets that make up for the servos' lag."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.planner.kinematics import Finger
from policies.planner.motion import Motion
from policies.planner.parameters import PlanParameters
from policies.planner.physics import Physics
from score import CONTROL_STEP_S
from sim import Rig

Array = NDArray[np.float64]


def joint_references(motion: Motion, physics: Physics, fingers: list[Finger]) -> Array:
    """True joint positions at the end of each step, shape ``(T, n)``, rail first."""
    rail, tips = motion.rail + physics.shift[1], physics.place(motion.tips)
    columns = [rail[:, None]]
    for index, finger in enumerate(fingers):
        points = tips[:, index]
        points[:, 1] -= rail
        columns.append(finger.inverse(points, motion.pitch[:, index]))
    return np.concatenate(columns, axis=1)


def joint_commands(
    references: Array,
    motion: Motion,
    fingers: list[Finger],
    *,
    rig: Rig,
    physics: Physics,
    parameters: PlanParameters,
) -> Array:
    """Targets held for a control step each that bring the joints to ``references``.

    A servo of stiffness kp and total damping kd follows a held target u as a first-order lag of
    time constant tau = kd / kp, so reaching q + dq in one step dt takes
    u = q + dq / (1 - exp(-dt / tau)). Key force and friction are added as force over stiffness.
    """
    lag = physics.damping / physics.stiffness
    before = np.concatenate([references[:1], references[:-1]])
    change = references - before
    gain = parameters.lead_gain / (1 - np.exp(-CONTROL_STEP_S / lag)) + 1 - parameters.lead_gain
    commands = before + change * gain
    stiffness, friction = physics.stiffness[1:], physics.friction[1:]
    moving = np.sign(change[:, 1:]) * (np.abs(change[:, 1:]) > 0.003)
    torques = _key_torques(
        references, motion, fingers, rig=rig, physics=physics, parameters=parameters
    )
    commands[:, 1:] += parameters.friction_gain * friction / stiffness * moving
    commands[:, 1:] += parameters.force_gain * torques / stiffness
    return commands


def _key_torques(
    references: Array,
    motion: Motion,
    fingers: list[Finger],
    *,
    rig: Rig,
    physics: Physics,
    parameters: PlanParameters,
) -> Array:
    """Joint torques that hold keys down, shape ``(T, n - 1)`` [Nm]: minus J^T times key force."""
    keyboard, keys = rig.keyboard, rig.keys
    torques, column = [], 1
    for index, finger in enumerate(fingers):
        joints = references[:, column : column + len(finger.low)]
        column += len(finger.low)
        pressed = motion.pressed[:, index]
        lever = motion.tips[:, index, 0] - keyboard.white_shape.hinge_x
        angle = keyboard.travel_rad[pressed] * parameters.depth - keys.spring_reference_rad
        force = np.where(pressed >= 0, physics.key_stiffness * angle / lever, 0.0)
        torques.append(-force[:, None] * finger.forward(joints).point_jacobian[:, 2])
    return np.concatenate(torques, axis=1)

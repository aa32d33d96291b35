"""Forward and inverse kinematics of playing fingers, for all steps of a song at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import Rig

Array = NDArray[np.float64]

_PITCH_LEVER_M = 0.02
"""Weighs the pitch error of the last link against position errors: 1 rad counts as 20 mm."""


@dataclass(frozen=True)
class Pose:
    """Where a finger is, over ``T`` steps.

    Attributes:
        point: centre of the fingertip, shape ``(T, 3)`` [m].
        pitch: angle of the last link below the horizontal, shape ``(T,)`` [rad].
        point_jacobian: derivative of ``point`` by the joints, shape ``(T, 3, j)``.
        pitch_jacobian: derivative of ``pitch`` by the joints, shape ``(T, j)``.
    """

    point: Array
    pitch: Array
    point_jacobian: Array
    pitch_jacobian: Array


class Finger:
    """The chain from the palm to one fingertip, in the piano frame with the rail at zero.

    Attributes:
        low: lower joint limits, shape ``(j,)`` [rad].
        high: upper joint limits, shape ``(j,)`` [rad].
        lateral: which joints swing the finger sideways, shape ``(j,)`` bool.
    """

    def __init__(self, rig: Rig, index: int) -> None:
        hand = rig.hand_data
        tip = next(tip for tip in hand.tips if tip.finger == rig.hand.fingers[index])
        joints = rig.finger_joints[index]
        self.low, self.high = np.array([hand.joint_range(joint) for joint in joints]).T
        self._tip, self._tip_axis = np.array(tip.center), np.array(tip.axis)
        self._root = homogeneous(rig.hand.quat, rig.hand.position_m)
        by_body = {
            hand.joints[joint]["body"]: np.array(hand.joints[joint]["axis"]) for joint in joints
        }
        held = {
            hand.joints[joint]["body"]: parked(hand.joints[joint]["axis"], angle)
            for joint, angle in rig.hand.parked_rad.items()
        }
        self._links = [
            (
                homogeneous(link["quat"], link["pos"]) @ held.get(link["name"], np.eye(4)),
                by_body.get(link["name"]),
            )
            for link in hand.chain(tip.body)
        ]
        straight = self.forward(np.zeros((1, len(joints)))).point_jacobian[0]
        self.lateral = np.abs(straight[1]) > np.abs(straight[2])

    def forward(self, joints: Array) -> Pose:
        """Pose for joint angles of shape ``(T, j)`` [rad], rail at zero."""
        steps, count = joints.shape
        rotation = np.broadcast_to(self._root[:3, :3], (steps, 3, 3))
        position = np.broadcast_to(self._root[:3, 3], (steps, 3))
        axes, anchors = np.empty((count, steps, 3)), np.empty((count, steps, 3))
        joint = 0
        for transform, axis in self._links:
            position = position + rotation @ transform[:3, 3]
            rotation = rotation @ transform[:3, :3]
            if axis is not None:
                axes[joint], anchors[joint] = rotation @ axis, position
                rotation = rotation @ _turn(axis, joints[:, joint])
                joint += 1
        point, direction = position + rotation @ self._tip, rotation @ self._tip_axis
        point_jacobian = np.cross(axes, point - anchors).transpose(1, 2, 0)
        direction_jacobian = np.cross(axes, direction).transpose(1, 2, 0)
        pitch, pitch_jacobian = _pitch(direction, direction_jacobian)
        return Pose(point, pitch, point_jacobian, pitch_jacobian)

    def inverse(self, points: Array, pitches: Array) -> Array:
        """Joint angles that bring the tip to ``points`` with the last link at ``pitches``.

        Damped Gauss-Newton steps from the middle of the joint limits, all rows at once. A point
        out of reach, or far from the postures of playing, gives some posture within the limits:
        compare ``forward`` with ``points``.

        Args:
            points: tip centres with the rail at zero, shape ``(T, 3)`` [m].
            pitches: angles of the last link below the horizontal, shape ``(T,)`` [rad].

        Returns:
            Joint angles, shape ``(T, j)`` [rad].
        """
        middle = 0.5 * np.clip(self.low, -1, 1) + 0.5 * np.clip(self.high, -1, 1)
        joints = np.tile(np.clip(middle, self.low, self.high), (len(points), 1))
        damping = 1e-6 * np.eye(joints.shape[1])
        for _ in range(25):
            pose = self.forward(joints)
            error = np.concatenate(
                [points - pose.point, _PITCH_LEVER_M * (pitches - pose.pitch)[:, None]], axis=1
            )
            jacobian = np.concatenate(
                [pose.point_jacobian, _PITCH_LEVER_M * pose.pitch_jacobian[:, None]], axis=1
            )
            transposed = jacobian.transpose(0, 2, 1)
            step = np.linalg.solve(transposed @ jacobian + damping, transposed @ error[..., None])
            joints = np.clip(joints + np.clip(step[..., 0], -0.3, 0.3), self.low, self.high)
            if np.abs(step).max() < 1e-5:
                break
        return joints


def homogeneous(quat: Sequence[float], position: Sequence[float]) -> Array:
    """Homogeneous matrix of a quaternion (w first) and a position."""
    w, x, y, z = np.asarray(quat, float) / np.linalg.norm(quat)
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, 3] = position
    return matrix


def parked(axis: Sequence[float], angle: float) -> Array:
    """Homogeneous matrix of a joint that is held at an angle."""
    matrix = np.eye(4)
    matrix[:3, :3] = _turn(np.array(axis), np.array([angle]))[0]
    return matrix


def _turn(axis: Array, angle: Array) -> Array:
    """Rotation matrices about a fixed axis (Rodrigues), shape ``(T, 3, 3)``."""
    x, y, z = axis / np.linalg.norm(axis)
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    sin, cos = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    turned: Array = np.eye(3) + sin * skew + (1 - cos) * (skew @ skew)
    return turned


def _pitch(direction: Array, jacobian: Array) -> tuple[Array, Array]:
    """Angle of a link below the horizontal, seen from the side, and its derivative."""
    forward, down = -direction[:, 0], -direction[:, 2]
    squared = forward**2 + down**2
    derivative = (forward[:, None] * -jacobian[:, 2] - down[:, None] * -jacobian[:, 0]) / squared[
        :, None
    ]
    return np.arctan2(down, forward), derivative

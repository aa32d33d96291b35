"""Between messages and the types of the cores."""

from __future__ import annotations

import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from calibration.recordings.fields import performance_fields
from piano_msgs import msg
from piano_msgs.action import Play
from piano_nodes.errors import NodeError
from policies.performer import Progress, Stage
from score import Performance


def performance_message(performance: Performance, score_zero_ns: int | None) -> msg.Performance:
    """A performance as a message; numbers that do not exist become NaN, -1 or 0.

    Args:
        performance: How well was played.
        score_zero_ns: The monotonic clock at score time 0 [ns].
    """
    zero_ns = {} if score_zero_ns is None else {"score_zero_ns": score_zero_ns}
    return msg.Performance(**performance_fields(performance, **zero_ns))


def feedback_message(progress: Progress) -> Play.Feedback:
    """Progress as feedback of the action."""
    return Play.Feedback(
        stage=str(progress.stage),
        score_time_s=progress.score_time_s,
        duration_s=progress.duration_s,
        frame_f1=progress.frame_f1,
        keys=list(progress.keys),
    )


def progress_of(feedback: Play.Feedback) -> Progress:
    """Feedback of the action as progress."""
    return Progress(
        Stage(feedback.stage),
        feedback.score_time_s,
        feedback.duration_s,
        feedback.frame_f1,
        tuple(feedback.keys),
    )


def targets_message(names: Sequence[str], targets: NDArray[np.float64]) -> JointTrajectory:
    """Joint targets as a trajectory of one point, stamped 0: now."""
    point = JointTrajectoryPoint(positions=array.array("d", targets.tobytes()))
    return JointTrajectory(joint_names=list(names), points=[point])


def targets_of(message: JointTrajectory, names: Sequence[str]) -> NDArray[np.float64]:
    """The joint targets of a trajectory in the order of `names`, finite or not.

    Raises:
        NodeError: it is not of one point and exactly these joints.
    """
    one_each = len(message.joint_names) == len(names) and set(message.joint_names) == set(names)
    if not one_each or [len(point.positions) for point in message.points] != [len(names)]:
        raise NodeError("it must have one point and all our joints")
    positions = dict(zip(message.joint_names, message.points[0].positions, strict=True))
    return np.array([positions[name] for name in names])

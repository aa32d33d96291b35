"""The topics of trajectory controllers, for the driver of hands and arms that have some."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from builtin_interfaces.msg import Duration
from numpy.typing import NDArray
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from hardware.trajectory.joints import Reading, make_parts
from piano_nodes.conversions import targets_message
from piano_nodes.errors import NodeError
from piano_nodes.names import JOINT_STATES, JOINT_TRAJECTORY
from piano_nodes.node import PianoNode
from piano_nodes.qos import CONTROLLER_STATES, TARGETS
from sim import Rig


def namespace_of(port: str) -> str:
    """What goes before the topics of controllers: nothing, or the name of an emulated rig's port.

    So an emulated rig that belongs to one graph never moves the controllers of a real one.
    """
    return f"/{Path(port).name.replace('-', '_')}" if port else ""


class Controllers:
    """Sends trajectories of one point, and hands on what controllers tell about their joints.

    A controller's stamps may be of another clock: what it tells is of the time it arrives at. The
    topics live as long as the node: rclpy's executor stumbles over what goes while it spins.

    Args:
        node: in whose name; its executor's thread listens.
        rig: with a `ros_trajectory` driver.
        namespace: goes before all their topics; see `namespace_of`.

    Raises:
        DeviceError: the rig is driven otherwise.
        NodeError: a controller has a topic that the graph uses itself.
    """

    def __init__(self, node: PianoNode, rig: Rig, namespace: str) -> None:
        self._parts = make_parts(rig)
        self._heard: Callable[[int, Reading], None] | None = None
        for part in self._parts:
            for topic in (part.controller.state_topic, part.controller.command_topic):
                if topic in (JOINT_STATES, JOINT_TRAJECTORY):
                    raise NodeError(
                        f"rig {rig.name}: {topic} is a topic of the hand itself: remap the "
                        "controller's, and name the new one in the rig file"
                    )
        self._targets = [
            node.create_publisher(
                JointTrajectory, namespace + part.controller.command_topic, TARGETS
            )
            for part in self._parts
        ]
        for number, part in enumerate(self._parts):
            node.create_subscription(
                JointState,
                namespace + part.controller.state_topic,
                partial(self._take, number),
                CONTROLLER_STATES,
            )

    def open(self, heard: Callable[[int, Reading], None]) -> Controllers:
        """From now on hand on what is told: number of the controller, as in the rig, and what."""
        self._heard = heard
        return self

    def close(self) -> None:
        """Hand on nothing more."""
        self._heard = None

    def send(self, controller: int, targets: NDArray[np.float64]) -> None:
        """Send a controller its joints' targets, in its order, to be reached within its ramp."""
        part = self._parts[controller]
        message = targets_message(part.names, targets)
        seconds, nanoseconds = divmod(round(part.controller.ramp_s * 1e9), 1_000_000_000)
        message.points[0].time_from_start = Duration(sec=seconds, nanosec=nanoseconds)
        self._targets[controller].publish(message)

    def deaf(self) -> list[str]:
        """Command topics that nobody listens to."""
        publishers = zip(self._parts, self._targets, strict=True)
        return [
            part.controller.command_topic
            for part, publisher in publishers
            if publisher.get_subscription_count() == 0
        ]

    def _take(self, controller: int, message: JointState) -> None:
        heard, arrival_ns = self._heard, time.monotonic_ns()
        if heard is not None:
            told = (message.name, message.position, message.velocity, message.effort)
            heard(controller, Reading(arrival_ns, *told))

"""The node `emulated_controllers`: a world behind the topics of trajectory controllers."""

from __future__ import annotations

import array
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from hardware.emulator.controllers import EmulatedControllers
from hardware.emulator.keys import MidiPort
from hardware.trajectory.joints import Reading, make_parts
from hardware.world import World
from piano_nodes.controllers import namespace_of
from piano_nodes.conversions import targets_of
from piano_nodes.errors import NodeError
from piano_nodes.node import PianoNode, Surroundings
from piano_nodes.process import prepare_environment
from piano_nodes.qos import STATES, TARGETS
from sim import Rig, SimError
from sim.realtime import PacingReport

DISCOVERY_S = 3.5
"""How long nodes may take to find each other [s]: Fast DDS tells of a participant when it begins
and then every 3 s, and two that begin together were seen to miss the first."""

LEAVE_S = 5.0
"""How long whoever drives the controllers may take to let go when all are told to end [s]."""


class ControllerTopics(PianoNode):
    """Tells joint states and takes trajectories, one topic each for every controller of a rig.

    A trajectory that is not of one point and exactly the controller's joints is refused, as are
    targets that are no numbers.
    """

    def __init__(
        self,
        context: Context,
        rig: Rig,
        world: World,
        keyboard: MidiPort,
        *,
        namespace: str,
        trial: int,
    ) -> None:
        offset_ns = time.time_ns() - time.monotonic_ns()
        super().__init__(
            "emulated_controllers", Surroundings(context, {"clock_offset_ns": offset_ns})
        )
        self._parts = make_parts(rig)
        self.controllers = EmulatedControllers(rig, world, self._tell, keyboard, trial)
        self._states = [
            self.create_publisher(JointState, namespace + part.controller.state_topic, STATES)
            for part in self._parts
        ]
        self._commands = [namespace + part.controller.command_topic for part in self._parts]
        for number, topic in enumerate(self._commands):
            self.create_subscription(JointTrajectory, topic, partial(self._take, number), TARGETS)

    @property
    def driven(self) -> bool:
        """Whether anybody else has a publisher of trajectories."""
        return any(map(self.count_publishers, self._commands))

    @property
    def others(self) -> str:
        """A state topic on which another controller tells of its joints; empty without one."""
        topics = [str(publisher.topic_name) for publisher in self._states]
        return next((topic for topic in topics if self.count_publishers(topic) > 1), "")

    def _tell(self, controller: int, reading: Reading) -> None:
        message = JointState(
            name=list(reading.names),
            position=array.array("d", reading.positions),
            velocity=array.array("d", reading.velocities),
            effort=array.array("d", reading.efforts),
        )
        message.header.stamp = self.stamp(reading.time_ns)
        self._states[controller].publish(message)

    def _take(self, controller: int, message: JointTrajectory) -> None:
        try:
            targets = targets_of(message, self._parts[controller].names)
            self.controllers.take(controller, np.asarray(targets))
        except (NodeError, SimError) as error:
            self.get_logger().warning(f"a trajectory was refused: {error}")


def run(
    rig: Rig,
    world: World,
    keyboard: MidiPort,
    wait: Callable[[], bool],
    *,
    namespace: str = "",
    trial: int = 0,
) -> PacingReport:
    """Run emulated controllers until `wait`, called over and over, says they must end.

    They end after whoever drives them: a launch file stops all its processes at once, and a
    controller that falls silent would be a fault of the hardware.

    Args:
        rig: With a `ros_trajectory` driver.
        world: Its truth.
        keyboard: Port for the keys.
        wait: Whether to end; takes a moment to answer.
        namespace: What the topics are told apart by; see `controllers.namespace_of`.
        trial: Which draw of the world's noise.

    Returns:
        How well real time was kept.

    Raises:
        DaCapoError: when rig or world cannot be used, the controllers are there already, or the
            physics failed.
    """
    prepare_environment()
    context = Context()
    quiet = ["--ros-args", "--log-level", "warn"]
    rclpy.init(args=quiet, context=context, signal_handler_options=SignalHandlerOptions.NO)
    try:
        apart = namespace_of(namespace)
        node = ControllerTopics(context, rig, world, keyboard, namespace=apart, trial=trial)
        node.start()
        if not namespace:
            _refuse_others(node)
        with node.controllers as controllers:
            while controllers.running and not wait():
                pass
            if not controllers.running:
                raise NodeError("the emulated world stopped: its physics failed")
            _wait_for_peace(node)
        node.stop()
        return node.controllers.report
    finally:
        context.try_shutdown()


def _refuse_others(node: ControllerTopics) -> None:
    give_up_at = time.monotonic() + DISCOVERY_S
    while time.monotonic() < give_up_at:
        if node.others:
            raise NodeError(
                f"{node.others} has a controller already: end it, or choose another ROS_DOMAIN_ID"
            )
        time.sleep(0.05)


def _wait_for_peace(node: ControllerTopics) -> None:
    give_up_at = time.monotonic() + LEAVE_S
    while node.driven and time.monotonic() < give_up_at:
        time.sleep(0.05)

"""The rig as a player finds it in the graph: joint states and keys in, targets and wishes out."""

from __future__ import annotations

import array
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from rclpy.client import Client
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from piano_msgs.msg import KeyEvent
from piano_nodes.names import HAND_REST, HAND_STOP, JOINT_STATES, JOINT_TRAJECTORY, KEY_EVENTS
from piano_nodes.node import PianoNode
from piano_nodes.qos import EVENTS, STATES, TARGETS
from piano_nodes.session import JointReading
from piano_nodes.trouble import Trouble
from policies.performer import Performer
from score import DaCapoError

YIELD_S = 0.001
"""How long the executor leaves the interpreter to the control loop that it has just woken [s]."""

ANSWER_S = 1.0
"""How long the hand may take to answer a wish [s]."""

_NOTHING = 2**63


class GraphRig:
    """What a session needs of the world (`session.RigPort`), and of the hand after it.

    The node's executor takes joint states and key events; a performance on another thread waits
    for them here.

    Args:
        node: Whose streams and clients these are.
        joints: Of the rig, in the order of actions.
        cancelled: Whether the performance is to end at once.

    Attributes:
        performer: Who hears the keys; None while nobody plays.
    """

    def __init__(
        self, node: PianoNode, joints: Sequence[str], cancelled: Callable[[], bool]
    ) -> None:
        self.performer: Performer | None = None
        self._node, self._joints, self._cancelled = node, tuple(joints), cancelled
        self._trouble = Trouble(node)
        self._news = threading.Condition()
        self._ended = False
        self._reading: JointReading | None = None
        self._awaited_ns = _NOTHING
        self._order: dict[tuple[str, ...], NDArray[np.intp] | None] = {}
        # Events first: an executor takes what is ready in this order, so a policy sees the keys
        # of the moment whose joint state it answers.
        node.create_subscription(KeyEvent, KEY_EVENTS, self._take_event, EVENTS)
        node.create_subscription(JointState, JOINT_STATES, self._take_state, STATES)
        self._message = JointTrajectory(joint_names=list(joints), points=[JointTrajectoryPoint()])
        self._targets = node.create_publisher(JointTrajectory, JOINT_TRAJECTORY, TARGETS)
        self._hand_stop = node.create_client(Trigger, HAND_STOP)
        self._hand_rest = node.create_client(Trigger, HAND_REST)

    def await_keyboard(self) -> None:
        """Wait until whoever tells key events was heard, see `Trouble.await_tellers`."""
        self._trouble.await_tellers(KEY_EVENTS)

    def wait_for_state(self, after_ns: int, timeout_s: float) -> JointReading | None:
        """The first joint state at or after a time; None when none came, or at the end."""

        def has_come() -> bool:
            late_enough = self._reading is not None and self._reading.time_ns >= after_ns
            return late_enough or self._ended

        with self._news:
            self._awaited_ns = after_ns
            self._news.wait_for(has_come, timeout_s)
            reading = self._reading
        return reading if reading is not None and reading.time_ns >= after_ns else None

    def send(self, targets: NDArray[np.float64]) -> None:
        """Send joint targets; stamp 0 means now, as trajectory controllers expect."""
        self._message.points[0].positions = array.array("d", targets.tobytes())
        self._targets.publish(self._message)

    def attend(self, performer: Performer) -> None:
        """Hand key events to this performer from now on."""
        self.performer = performer

    def cancelled(self) -> bool:
        """Whether the performance is to end at once."""
        return self._cancelled()

    def trouble(self) -> str:
        """Why hand or keyboard are of no use; empty when they are."""
        return str(self._trouble)

    def rest(self) -> None:
        """Have the hand stay where it is until another song; no command may overtake that."""
        with self._news:
            reading = self._reading
        if not self._ask(self._hand_rest) and reading is not None:
            self.send(reading.positions)

    def stop(self) -> None:
        """Have the hand stop; nothing moves before somebody has looked."""
        self._ask(self._hand_stop)

    def end(self) -> None:
        """Keep nobody waiting any more."""
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _ask(self, service: Client) -> bool:
        """Call a service of the hand and wait for the answer; False where there is none."""
        if not service.service_is_ready():
            return False
        answered = threading.Event()
        future = service.call_async(Trigger.Request())
        future.add_done_callback(lambda _: answered.set())
        if not answered.wait(timeout=ANSWER_S):
            self._node.get_logger().warning(f"the hand did not answer {service.srv_name}")
        return True

    # ROS callbacks, all on the executor's thread. ---------------------------------------------

    def _take_state(self, message: JointState) -> None:
        order = self._order_of(tuple(message.name))
        if order is None:
            return
        reading = JointReading(
            self._node.monotonic_ns(message.header.stamp),
            np.asarray(message.position)[order],
            np.asarray(message.velocity)[order],
        )
        with self._news:
            self._reading = reading
            awaited = reading.time_ns >= self._awaited_ns
            if awaited:
                self._awaited_ns = _NOTHING
                self._news.notify_all()
        if awaited:
            time.sleep(YIELD_S)

    def _take_event(self, message: KeyEvent) -> None:
        if self.performer is not None:
            try:
                self.performer.key_event(
                    message.monotonic_ns, message.key, message.down, message.velocity
                )
            except DaCapoError as error:
                self._node.get_logger().error(str(error), throttle_duration_sec=5.0)

    def _order_of(self, names: tuple[str, ...]) -> NDArray[np.intp] | None:
        """Where our joints are in a message with these names; None when one is missing."""
        if names not in self._order:
            missing = set(self._joints) - set(names)
            if missing:
                complaint = f"joint states lack {sorted(missing)}: is it another rig?"
                self._node.get_logger().error(complaint)
            order = [] if missing else [names.index(name) for name in self._joints]
            self._order[names] = np.array(order) if order else None
        return self._order[names]

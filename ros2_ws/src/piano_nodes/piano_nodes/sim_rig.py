"""The node `sim_rig`: a simulated hand and keyboard with the interfaces of the real ones."""

from __future__ import annotations

import array
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

import score
from piano_msgs.msg import KeyEvent
from piano_nodes.names import (
    HAND_STOP,
    JOINT_STATES,
    JOINT_TRAJECTORY,
    KEY_EVENTS,
    SENT_TARGETS,
)
from piano_nodes.node import ALONE, REALTIME, PianoNode, Surroundings
from piano_nodes.parameters import Setting
from piano_nodes.qos import EVENTS, STATES, TARGETS
from sim import PHYSICS_STEP_S, Simulator, build_model, load_rig, read_parameters
from sim.realtime import STEP_NS, RealTimeSimulator, RigState, run_paced


class SimRig(PianoNode):
    """Steps the simulator in real time; takes joint targets, tells joint states and key events.

    States are published on a fixed grid of physics steps, 100 times a second: a player whose
    control steps start on that grid always finds a state of the very moment.
    """

    SETTINGS = (
        Setting("rig", "leap_rail_49", "name of a rig, or path of a rig file"),
        Setting("params", "", "physics parameters file; empty: the rig's nominal ones"),
        Setting("state_rate_hz", 100, "joint states per second; divides 200", 20, 200),
        REALTIME,
    )

    def __init__(self, around: Surroundings = ALONE) -> None:
        super().__init__("sim_rig", around)
        model = build_model(load_rig(str(self.values["rig"])))
        if self.values["params"]:
            model = read_parameters(Path(str(self.values["params"])), model.rig).apply(model)
        self._simulator = Simulator(model)
        self._names = list(model.joint_names)
        self._every = max(round(1 / PHYSICS_STEP_S / int(self.values["state_rate_hz"])), 1)
        self._start_ns = time.monotonic_ns()
        self._rig = RealTimeSimulator(self._simulator, self._start_ns)
        self._scheduling = "not started"
        self._ignored = ""
        self._states = self.create_publisher(JointState, JOINT_STATES, STATES)
        self._events = self.create_publisher(KeyEvent, KEY_EVENTS, EVENTS)
        self._sent = self.create_publisher(JointTrajectory, SENT_TARGETS, STATES)
        self.create_subscription(JointTrajectory, JOINT_TRAJECTORY, self._take_targets, TARGETS)
        self.create_service(Trigger, HAND_STOP, self._hold)
        self.create_timer(1.0, self._report)
        self._ending = threading.Event()
        self._loop = threading.Thread(target=self._run, name="sim_rig physics", daemon=True)

    def start(self) -> None:
        """Let time begin for the simulated rig."""
        self._start_ns = time.monotonic_ns()
        self._rig = RealTimeSimulator(self._simulator, self._start_ns)
        super().start()
        self._loop.start()

    def stop(self) -> None:
        """Stop the simulated time, then everything else."""
        self._ending.set()
        if self._loop.is_alive():
            self._loop.join(timeout=2.0)
        super().stop()

    def _run(self) -> None:
        self._scheduling = self.request_realtime()
        run_paced(self._rig, self._prepare, self._ending)

    def _prepare(self, state: RigState) -> Callable[[], None]:
        """Make the messages about a state, to be published at its time: events first."""
        ready = [(self._events, self._key_event(state, event)) for event in state.events]
        if (state.time_ns - self._start_ns) // STEP_NS % self._every == 0:
            ready.append((self._states, self._joint_state(state)))

        def tell() -> None:
            for publisher, message in ready:
                publisher.publish(message)

        return tell

    def _key_event(self, state: RigState, event: score.KeyEvent) -> KeyEvent:
        message = KeyEvent(
            monotonic_ns=state.time_ns, key=event.key, down=event.down, velocity=event.velocity
        )
        message.header.stamp = self.stamp(state.time_ns)
        return message

    def _joint_state(self, state: RigState) -> JointState:
        message = JointState(
            name=self._names,
            position=array.array("d", state.joint_positions.tobytes()),
            velocity=array.array("d", state.joint_velocities.tobytes()),
        )
        message.header.stamp = self.stamp(state.time_ns)
        return message

    def _take_targets(self, message: JointTrajectory) -> None:
        arrival_ns = time.monotonic_ns()
        targets = self._targets_in(message)
        if targets is not None:
            self._publish_sent(self._rig.set_targets(targets, arrival_ns), arrival_ns)

    def _publish_sent(self, targets: NDArray[np.float64], arrival_ns: int) -> None:
        """Tell what the motors were really told, and when."""
        point = JointTrajectoryPoint(positions=array.array("d", targets.tobytes()))
        message = JointTrajectory(joint_names=self._names, points=[point])
        message.header.stamp = self.stamp(arrival_ns)
        self._sent.publish(message)

    def _targets_in(self, message: JointTrajectory) -> NDArray[np.float64] | None:
        """The targets in the order of our joints; None, and a warning, when they are not ours."""
        if len(message.points) != 1 or set(message.joint_names) != set(self._names):
            self._ignored = "a trajectory was ignored: it must have one point and all our joints"
            return None
        positions = dict(zip(message.joint_names, message.points[0].positions, strict=False))
        if len(positions) != len(self._names) or not np.isfinite(list(positions.values())).all():
            self._ignored = "a trajectory was ignored: its positions are not finite numbers"
            return None
        return np.array([positions[name] for name in self._names])

    def _hold(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._rig.hold(time.monotonic_ns())
        response.success, response.message = True, "holding until new targets come"
        return response

    def _report(self) -> None:
        report = self._rig.report
        warning = self._ignored or ("simulated time was lost" if report.lost_s else "")
        self._ignored = ""
        numbers = {
            "scheduling": self._scheduling,
            "physics_steps": report.steps,
            "late_steps": report.late,
            "lost_s": f"{report.lost_s:.3f}",
        }
        self.publish_diagnostics(warning, numbers)

"""The node `sim_rig`: a simulated hand and keyboard with the interfaces of the real ones."""

from __future__ import annotations

import array
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

import score
from piano_msgs.msg import KeyEvent
from piano_nodes.conversions import targets_message, targets_of
from piano_nodes.errors import NodeError
from piano_nodes.names import (
    HAND_RESET,
    HAND_REST,
    HAND_STOP,
    JOINT_STATES,
    JOINT_TRAJECTORY,
    KEY_EVENTS,
    SENT_TARGETS,
)
from piano_nodes.node import ALONE, REALTIME, PianoNode, Surroundings
from piano_nodes.parameters import Setting
from piano_nodes.qos import EVENTS, STATES, TARGETS
from sim import PHYSICS_STEP_S, SimError, Simulator, build_model, load_rig, read_parameters
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
        self._ignored, self._stopped = "", ""
        self._states = self.create_publisher(JointState, JOINT_STATES, STATES)
        self._events = self.create_publisher(KeyEvent, KEY_EVENTS, EVENTS)
        self._sent = self.create_publisher(JointTrajectory, SENT_TARGETS, STATES)
        self.create_subscription(JointTrajectory, JOINT_TRAJECTORY, self._take_targets, TARGETS)
        self.create_service(Trigger, HAND_STOP, self._stop_asked)
        self.create_service(Trigger, HAND_RESET, self._reset_asked)
        self.create_service(Trigger, HAND_REST, self._rest_asked)
        self.every(1.0, self._report)
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
        if self._stopped:
            self._ignored = "a trajectory was ignored: the hand is stopped"
            return
        try:
            targets = targets_of(message, self._names)
            sent = targets_message(self._names, self._rig.set_targets(targets, arrival_ns))
        except NodeError as error:
            self._ignored = f"a trajectory was ignored: {error}"
        except SimError as error:
            self._halt(str(error))
        else:
            sent.header.stamp = self.stamp(arrival_ns)
            self._sent.publish(sent)

    def _stop_asked(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._halt(f"stopped by {HAND_STOP}")
        response.success, response.message = True, f"stopped until {HAND_RESET}"
        return response

    def _reset_asked(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._stopped = ""
        response.success, response.message = True, "takes targets again"
        return response

    def _rest_asked(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if not self._stopped:
            self._rig.hold(time.monotonic_ns())
        response.success, response.message = not self._stopped, self._stopped or "held"
        return response

    def _halt(self, reason: str) -> None:
        """Hold the hand where it is and take no more targets."""
        if not self._stopped:
            self.get_logger().warning(f"the hand was stopped: {reason}")
        self._stopped = reason
        self._rig.hold(time.monotonic_ns())
        self._report()

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
        self.publish_diagnostics(warning, numbers, self._stopped, usable=not self._stopped)

"""The node `hand`: drives a hand on its rail, real or emulated, over a bus or its controllers."""

from __future__ import annotations

import array
import queue
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from hardware.errors import HardwareError
from hardware.hand.device import nominal_device, read_device
from hardware.hand.driver import HandDriver
from hardware.hand.state import HandState
from hardware.safety import SafetyState
from hardware.trajectory.driver import PATIENCE_S, TrajectoryDriver
from piano_nodes.controllers import Controllers, namespace_of
from piano_nodes.conversions import targets_message, targets_of
from piano_nodes.errors import NodeError
from piano_nodes.graph import NOMINAL, RIG
from piano_nodes.hand_report import Driver, numbers, sagging
from piano_nodes.managed import AUTOSTART, WAIT, ManagedNode
from piano_nodes.names import (
    HAND_RESET,
    HAND_REST,
    HAND_STOP,
    JOINT_STATES,
    JOINT_TRAJECTORY,
    SENT_TARGETS,
)
from piano_nodes.node import ALONE, REALTIME, Surroundings
from piano_nodes.parameters import Setting
from piano_nodes.qos import STATES, TARGETS
from score import DaCapoError
from sim import RosTrajectoryDriver, SimError, load_rig

LOOK_S = 0.05
"""How often the driver is asked whether it still runs [s]."""


class Hand(ManagedNode):
    """Hands joint targets to the driver and publishes copies of what it tells.

    The driver's own thread talks to the motors; a thread of ours publishes. Nothing here is
    needed to hold the hand or to let it go. A rig whose hand and arm have trajectory controllers
    needs neither device nor port, and is never limp: its controllers hold it.

    Joint states come once the hand is up: fingers lifted, rail at a known place.
    """

    SETTINGS = (
        Setting("rig", RIG, "name of a rig, or path of a rig file"),
        Setting("device", "", f"device file of this hand; {NOMINAL}: built exactly to plan"),
        Setting(
            "port", "", "serial device, or namespace of emulated controllers; empty: the rig's"
        ),
        WAIT,
        AUTOSTART,
        REALTIME,
    )

    def __init__(self, around: Surroundings = ALONE) -> None:
        super().__init__("hand", around)
        self._rig = load_rig(str(self.values["rig"]))
        self._names = list(self._rig.joint_names)
        self._driver: Driver | None = None
        self._topics: Controllers | None = None
        self._rising: threading.Thread | None = None
        self._stage, self._stopped = "not connected", ""
        self._ignored = ""
        self._state: HandState | None = None
        self._known: tuple[object, ...] = ()
        self._news: queue.SimpleQueue[HandState | None] = queue.SimpleQueue()
        self._states = self.create_publisher(JointState, JOINT_STATES, STATES)
        self._sent = self.create_publisher(JointTrajectory, SENT_TARGETS, STATES)
        self.create_subscription(JointTrajectory, JOINT_TRAJECTORY, self._take_targets, TARGETS)
        self.create_service(Trigger, HAND_STOP, self._stop_asked)
        self.create_service(Trigger, HAND_RESET, self._reset_asked)
        self.create_service(Trigger, HAND_REST, self._rest_asked)
        self.every(LOOK_S, self._look)
        self.every(1.0, self._report)
        self._teller = threading.Thread(target=self._tell, name="hand states", daemon=True)
        self._teller.start()

    # Transitions. -----------------------------------------------------------------------------

    def configure(self) -> None:
        """Open the serial device and shake hands with the motors, or open topics; moves nothing.

        Raises:
            NodeError: no device file was given.
            HardwareError: the device cannot be used, or motors are missing, wrong or not limp.
        """
        driver: Driver
        if isinstance(self._rig.driver, RosTrajectoryDriver):
            patience_s = max(PATIENCE_S, float(self.values[WAIT.name]))
            if self._topics is None:
                self._topics = Controllers(self, self._rig, namespace_of(str(self.values["port"])))
            driver = TrajectoryDriver(self._rig, self._topics.open, patience_s)
        else:
            driver = self._driver_of_motors()
        driver.connect()
        driver.on_cycle(self._news.put)
        self._driver, self._stage = driver, "connected"

    def _driver_of_motors(self) -> HandDriver:
        given, port, rig = str(self.values["device"]), str(self.values["port"]), self._rig
        if not given:
            raise NodeError(f"node 'hand' needs 'device': a file, or '{NOMINAL}'")
        device = nominal_device(rig) if given == NOMINAL else read_device(Path(given), rig)
        driver = HandDriver(rig, device, port or None)
        self.await_device(Path(driver.port_name).exists)
        return driver

    def activate(self) -> None:
        """Let the hand rise, on a thread of its own, so that `/hand/stop` is heard meanwhile."""
        self._stopped = ""
        self._rising = threading.Thread(target=self._rise, name="hand rises", daemon=True)
        self._rising.start()

    def deactivate(self) -> None:
        """Let the hand go limp.

        Raises:
            MotorFault: a motor did not confirm it.
        """
        if self._driver is not None:
            self._driver.deactivate()
        self._stage = "connected"

    def release(self) -> None:
        """Let the hand go limp and give the serial device back."""
        self.ending.set()
        driver, self._driver = self._driver, None
        if driver is not None:
            try:
                driver.close()
            except HardwareError as error:
                self.get_logger().error(str(error))
                self.fail(self.failure or str(error))
        if self._rising is not None:
            self._rising.join(timeout=2.0)
        self._stage = "not connected"

    def stop(self) -> None:
        """Let the hand go limp first of all, then end."""
        self.release()
        super().stop()
        self._news.put(None)

    # The driver's side. -----------------------------------------------------------------------

    def _rise(self) -> None:
        driver = self._driver
        assert driver is not None  # noqa: S101  there is one in every state that leads here
        self._stage = "rising"
        try:
            driver.activate()
            self._stage = "active"
        except HardwareError as error:
            self._stage = "connected"
            if not self._stopped and not self.ending.is_set():
                self.fail(str(error))

    def _tell(self) -> None:
        """Publish states as they come; the thread of its own."""
        self.request_realtime()
        sent: NDArray[np.float64] | None = None
        while (state := self._news.get()) is not None:
            message = JointState(
                name=self._names,
                position=array.array("d", state.positions.tobytes()),
                velocity=array.array("d", state.velocities.tobytes()),
                effort=array.array("d", state.efforts.tobytes()),
            )
            message.header.stamp = self.stamp(state.time_ns)
            self._states.publish(message)
            self._state = state
            if state.sent_targets is not sent:  # the driver makes an array for every new target
                sent = state.sent_targets
                told = targets_message(self._names, sent)
                told.header.stamp = message.header.stamp
                self._sent.publish(told)

    # ROS callbacks, all on the executor's thread. ---------------------------------------------

    def _take_targets(self, message: JointTrajectory) -> None:
        driver = self._driver
        if driver is None or not driver.active:
            self._ignored = "a trajectory was ignored: the hand is not up"
        elif self._stopped:
            self._ignored = "a trajectory was ignored: the hand is stopped"
        else:
            try:
                driver.set_targets(targets_of(message, self._names))
            except (NodeError, HardwareError) as error:  # `_look` tells when the driver failed
                self._ignored = f"a trajectory was ignored: {error}"
            except SimError as error:
                self._halt(str(error))

    def _stop_asked(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._halt(f"stopped by {HAND_STOP}")
        response.success = True
        response.message = f"stopped until {HAND_RESET}, or until it is activated again"
        return response

    def _reset_asked(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._wish(lambda driver: driver.resume(), response):
            self._stopped, response.message = "", "takes targets again"
        return response

    def _rest_asked(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._wish(lambda driver: driver.rest(), response):
            response.message = "held until the next target"
        return response

    def _wish(self, wish: Callable[[Driver], None], response: Trigger.Response) -> bool:
        """Ask the driver for something; whether it does it is the answer."""
        try:
            if self._driver is None:
                raise NodeError("the hand is not connected: configure and activate it")
            wish(self._driver)
            response.success = True
        except DaCapoError as error:
            response.success, response.message = False, str(error)
        return bool(response.success)

    def _halt(self, reason: str) -> None:
        """Hold the hand where it is and take no more targets; one that is rising goes limp."""
        driver = self._driver
        if not self._stopped:
            self.get_logger().warning(f"the hand was stopped: {reason}")
        self._stopped = reason
        if driver is None:
            return
        try:
            if driver.active:
                driver.hold(reason)
            else:
                driver.deactivate()
        except HardwareError as error:
            self.get_logger().error(str(error))
        self._report()

    def _look(self) -> None:
        driver = self._driver
        if driver is not None and driver.failure is not None and not self.ended.is_set():
            self._report()
            self.fail(str(driver.failure))
        elif (now := self._what_counts()) != self._known:
            self._known = now
            self._report()

    def _what_counts(self) -> tuple[object, ...]:
        """What is told at once, and not at the next second."""
        state = self._state
        if state is None or state.mode is SafetyState.ACTIVE:
            return ()
        return state.mode, state.accepts, state.reason

    def _report(self) -> None:
        driver, state = self._driver, self._state
        up = driver is not None and driver.active and state is not None
        reason = state.reason if up and state is not None else ""
        broken = self._why_unusable()
        sags = reason if up and driver is not None and sagging(driver) else ""
        values = {"stage": self._stage} | ({} if driver is None else numbers(driver))
        warning = "; ".join(filter(None, (self._ignored, reason)))
        self._ignored = ""
        self.publish_diagnostics(warning, values, broken or sags, usable=not broken)

    def _why_unusable(self) -> str:
        """Why the hand follows no targets until somebody does something; empty when it does."""
        driver, state = self._driver, self._state
        if driver is not None and driver.failure is not None:
            return str(driver.failure)
        if driver is None or not driver.active or state is None or state.accepts:
            return self._stopped
        return state.reason

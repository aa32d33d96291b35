"""What all nodes share: parameters, the clock of their stamps, one executor on one thread."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future

from piano_nodes.parameters import Setting, Value, declare
from piano_nodes.qos import DIAGNOSTICS
from sim.realtime import request_realtime

CLOCK_OFFSET = Setting(
    "clock_offset_ns",
    0,
    "what header stamps are ahead of the monotonic clock [ns]; the front end gives all nodes one",
)

REALTIME = Setting("realtime_priority", 20, "SCHED_FIFO priority to ask for; 0: do not ask", 0, 90)
"""Of nodes with a control loop."""


@dataclass(frozen=True)
class Surroundings:
    """What a front end gives a node that it starts in its own process.

    Attributes:
        context: Of rclpy; the default one when None.
        overrides: Values for parameters; those of the command line when None.
        remappings: New names of topics and services, by old name.
    """

    context: Context | None = None
    overrides: Mapping[str, Value] | None = None
    remappings: Mapping[str, str] = field(default_factory=dict)


UNUSABLE = "unusable"
"""In diagnostics, beside an error, the word of a node without which no performance can go on."""

ALONE = Surroundings()
"""Of a node that has a process to itself: everything comes from the command line."""


class PianoNode(Node):
    """A node with declared parameters that runs on one SingleThreadedExecutor and thread.

    Stamps are the monotonic clock plus one offset that the front end fixed, so a step of the
    wall clock moves nothing.

    Attributes:
        values: The parameters by name.
        ended: Set by a node that has done all it was there for.
        failure: Why it ended without having done it; empty otherwise.

    Raises:
        NodeError: when a parameter is unknown or its value wrong.
    """

    SETTINGS: ClassVar[tuple[Setting, ...]] = ()

    def __init__(self, name: str, around: Surroundings) -> None:
        remappings = [
            word for pair in around.remappings.items() for word in ("-r", ":=".join(pair))
        ]
        overrides = around.overrides or {}
        super().__init__(
            name,
            context=around.context,
            cli_args=["--ros-args", *remappings] if remappings else None,
            use_global_arguments=around.overrides is None,
            parameter_overrides=[Parameter(key, value=value) for key, value in overrides.items()],
        )
        self.failure = ""
        self.ended = threading.Event()
        self.values = declare(self, (*self.SETTINGS, CLOCK_OFFSET))
        shown = ", ".join(f"{name}={value}" for name, value in self.values.items())
        self.get_logger().info(f"parameters: {shown}")
        self._priority = int(self.values.get(REALTIME.name, 0))
        self._offset_ns = int(self.values["clock_offset_ns"])
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", DIAGNOSTICS)
        self._spinning = True
        self._spinner = SingleThreadedExecutor(context=self.context)
        self._spinner.add_node(self)
        self._thread = threading.Thread(target=self._spin, name=name, daemon=True)

    def start(self) -> None:
        """Begin to answer; subclasses start their own threads here too."""
        self._thread.start()

    def stop(self) -> None:
        """End safely and let go of everything; the node is of no use afterwards.

        The executor's thread ends before anything that it waits on goes: rclpy's own way, to
        shut the executor down from outside, now and then fails with what has just gone.
        """
        self._spinning = False
        if self._thread.is_alive():
            self._spinner.create_task(lambda: None)  # something to wake up for
            self._thread.join(timeout=2.0)
            if self._thread.is_alive():
                self.get_logger().error("still busy after 2 s: its thread is left behind")
        self.release()
        self._spinner.shutdown(timeout_sec=0.0)
        self.destroy_node()

    def release(self) -> None:
        """Let go of what rclpy does not destroy with a node; nothing is answered any more."""

    def request_realtime(self) -> str:
        """Ask for the node's real-time priority for the calling thread; say what was granted."""
        return request_realtime(self._priority) if self._priority else "normal"

    def stamp(self, monotonic_ns: int) -> Time:
        """The header stamp of a moment of the monotonic clock."""
        seconds, nanoseconds = divmod(monotonic_ns + self._offset_ns, 1_000_000_000)
        return Time(sec=seconds, nanosec=nanoseconds)

    def monotonic_ns(self, stamp: Time) -> int:
        """The moment of the monotonic clock that a header stamp means [ns]."""
        return int(stamp.sec * 1_000_000_000 + stamp.nanosec - self._offset_ns)

    def every(self, period_s: float, work: Callable[[], None]) -> None:
        """Call something on the executor's thread, over and over; on a clock that nobody moves.

        Args:
            period_s: Time from one call to the next [s].
            work: What to call.
        """
        self.create_timer(period_s, work, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def soon(self, work: Callable[[], Any]) -> Future:
        """Call something once on the executor's thread; done with what it returned."""
        return self._spinner.create_task(work)

    def publish_diagnostics(
        self, warning: str, values: Mapping[str, Any], error: str = "", usable: bool = True
    ) -> None:
        """Tell how the node is.

        Args:
            warning: What is not as it should be, or the empty string.
            values: Numbers and words by name.
            error: What makes everything that is recorded from now on worthless, or the empty
                string.
            usable: Whether a performance can go on with this node.
        """
        values = values if usable else {**values, UNUSABLE: True}
        level = DiagnosticStatus.WARN if warning else DiagnosticStatus.OK
        status = DiagnosticStatus(
            level=DiagnosticStatus.ERROR if error else level,
            name=self.get_name(),
            message=error or warning or "ok",
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self.stamp(time.monotonic_ns())
        self._diagnostics.publish(message)

    def fail(self, failure: str) -> None:
        """End because of something that cannot be mended here."""
        self.failure = failure
        self.ended.set()

    def _spin(self) -> None:
        if self._priority > 1:
            request_realtime(self._priority - 1)  # below the loop that these callbacks serve
        try:
            while self._spinning:
                self._spinner.spin_once()
        except ExternalShutdownException:
            pass
        except Exception as error:  # a bug in a callback: better an end than a node that is deaf
            self.get_logger().error(traceback.format_exc())
            self.fail(f"node '{self.get_name()}' failed: {error!r}")

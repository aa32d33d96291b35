"""What the nodes of hardware share: the lifecycle of ROS 2, and coming up by themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rclpy.lifecycle import LifecycleNodeMixin, LifecycleState, TransitionCallbackReturn

from piano_nodes.node import PianoNode, Surroundings
from piano_nodes.parameters import Setting
from score import DaCapoError

AUTOSTART = Setting("autostart", True, "configure and activate at the start, without being asked")
WAIT = Setting("wait_s", 0.0, "how long the device may take to appear [s]", 0.0, 600.0)
_POLL_S = 0.05


class ManagedNode(LifecycleNodeMixin, PianoNode):
    """A lifecycle node; subclasses say what each transition does and raise when it cannot be.

    A node that starts by itself ends when a transition fails; one that others manage logs the
    reason and stays in the state where it was.
    """

    def __init__(self, name: str, around: Surroundings) -> None:
        PianoNode.__init__(self, name, around)
        LifecycleNodeMixin.__init__(self)
        self.ending = threading.Event()

    def configure(self) -> None:
        """Find the device and open it; moves nothing."""
        raise NotImplementedError

    def activate(self) -> None:
        """Begin to work; must not take long, the node is deaf meanwhile."""
        raise NotImplementedError

    def deactivate(self) -> None:
        """Stop working."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin to answer, and come up."""
        super().start()
        if self.values[AUTOSTART.name]:
            self._spinner.create_task(self._come_up)

    def stop(self) -> None:
        """End safely."""
        self.ending.set()
        super().stop()

    def await_device(self, there: Callable[[], bool]) -> None:
        """Wait until a device appears; whoever opens it then finds out whether it did."""
        give_up_at = time.monotonic() + float(self.values[WAIT.name])
        while not there() and time.monotonic() < give_up_at and not self.ending.is_set():
            time.sleep(_POLL_S)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """See `configure`."""
        return self._transition(self.configure, state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """See `activate`."""
        return self._transition(self.activate, state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """See `deactivate`."""
        return self._transition(self.deactivate, state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give the device back."""
        return self._transition(self.release, state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop working and give the device back."""
        return self._transition(self.release, state)

    def _transition(
        self, work: Callable[[], None], state: LifecycleState
    ) -> TransitionCallbackReturn:
        try:
            work()
        except DaCapoError as error:
            if self.values[AUTOSTART.name]:
                self.fail(str(error))
            else:
                self.get_logger().error(f"still {state.label}: {error}")
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def _come_up(self) -> None:
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

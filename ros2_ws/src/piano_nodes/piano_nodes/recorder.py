"""The node `recorder`: everything in the graph goes into one rosbag2 recording."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_path
from std_srvs.srv import Trigger

from calibration.recordings import (
    Provenance,
    RecordingError,
    RecordingWriter,
    Topic,
    device_hash,
    mark_validity,
    message_schema,
    policy_hash,
)
from piano_nodes.errors import NodeError
from piano_nodes.names import MESSAGE_TYPES, RECORDER_STOP
from piano_nodes.node import ALONE, PianoNode, Surroundings
from piano_nodes.parameters import Setting
from piano_nodes.qos import RECORDING
from policies.library import PLANNER
from sim import load_rig

CLOCK_STEP_NS = 10_000_000
"""From where a step of the wall clock is worth a word [ns]."""


class Recorder(PianoNode):
    """Writes messages as they come off the wire, from its start to `/recorder/stop` or its end.

    A disk that refuses ends the recording, never the performance.

    Attributes:
        problems: Why the finished recording cannot be trusted, in one line; empty when it can.
    """

    SETTINGS = (
        Setting("folder", "recording", "folder of the recording; must not exist"),
        Setting("rig", "", "name of a rig, or path of a rig file; empty: not known"),
        Setting("mode", "", "what the rig in the graph is; empty: not known"),
        Setting("song", "", "name in the song library, or path of a MIDI file; empty: none"),
        Setting("policy", PLANNER, "who plays: planner, zoo, or path of a policy bundle"),
        Setting("params", "", "physics parameters file; empty: the rig's nominal ones"),
        Setting("trial", -1, "which draw of an emulated world's noise; -1: nothing is drawn"),
        Setting("device", "", "device file of the hand, or nominal; empty: not known"),
    )

    def __init__(self, around: Surroundings = ALONE) -> None:
        super().__init__("recorder", around)
        self.problems = ""
        topics = [Topic(n, t, message_schema(t, _definition)) for n, t in MESSAGE_TYPES.items()]
        notes = self._provenance().to_notes()
        self._writer = RecordingWriter(Path(str(self.values["folder"])), topics, notes)
        self._wall_offset_ns = time.time_ns() - time.monotonic_ns()
        for topic in topics:
            self._subscribe(topic)
        self.create_service(Trigger, RECORDER_STOP, self._finish)
        self.every(0.25, lambda: self._guarded(self._writer.flush_if_due))
        self.every(1.0, self._report)

    @property
    def message_count(self) -> int:
        """How many messages were recorded so far."""
        return self._writer.message_count

    def stop(self) -> None:
        """Stop listening, then finish the recording."""
        super().stop()
        self._close()

    def _provenance(self) -> Provenance:
        values = {name: str(value) for name, value in self.values.items()}
        trial = int(self.values["trial"])
        rig = load_rig(values["rig"]) if values["rig"] else None
        fingerprint = ""
        if rig is not None and values["song"]:
            with suppress(RecordingError):  # a policy that is not there: the player says so
                fingerprint = policy_hash(values["policy"], rig, values["song"])
        return Provenance(
            mode=values["mode"],
            song=values["song"],
            rig="" if rig is None else rig.name,
            rig_hash="" if rig is None else rig.hash,
            policy=values["policy"] if values["song"] else "",
            policy_hash=fingerprint,
            parameters=_text_of(values["params"]) if values["params"] else "",
            device=values["device"],
            device_hash=device_hash(values["device"]),
            seed=None if trial < 0 else trial,
            clock_offset_ns=self._offset_ns,
        )

    def _subscribe(self, topic: Topic) -> None:
        def write(message: bytes) -> None:
            now_ns = time.monotonic_ns() + self._offset_ns
            self._guarded(lambda: self._writer.write(topic.name, now_ns, message))

        kind = _message_class(topic.message_type)
        self.create_subscription(kind, topic.name, write, RECORDING, raw=True)

    def _guarded(self, write: Callable[[], None]) -> None:
        """Write; say it once when that fails, then let the graph go on without a recording."""
        if not self._writer.open:
            return
        try:
            write()
        except RecordingError as error:
            self.problems = str(error)
            self.get_logger().error(self.problems)

    def _finish(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._close()
        response.success = not self.problems
        response.message = self.problems or str(self._writer.folder)
        return response

    def _close(self) -> None:
        if not self._writer.open:
            return
        try:
            self._writer.close()
            problems = mark_validity(self._writer.folder)
            if problems:
                told = "; ".join(problem.message for problem in problems)
                self.problems = f"the recording must not be learned from: {told}"
        except RecordingError as error:
            # The front end that asked for the recording may have thrown its folder away.
            self.problems = str(error)

    def _report(self) -> None:
        step_ns = time.time_ns() - time.monotonic_ns() - self._wall_offset_ns
        warning = self.problems
        if abs(step_ns) > CLOCK_STEP_NS and not warning:
            warning = f"the wall clock was moved by {step_ns / 1e6:.0f} ms; no time here moved"
        self.publish_diagnostics(warning, {"messages": self.message_count})


def _text_of(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, ValueError) as error:
        raise NodeError(f"cannot read the physics parameters {path}: {error}") from error


def _message_class(message_type: str) -> type:
    package, _, name = message_type.split("/")
    kind: type = getattr(importlib.import_module(f"{package}.msg"), name)
    return kind


def _definition(message_type: str) -> str:
    """The text of a message's definition, where ROS installed it."""
    package, _, name = message_type.split("/")
    try:
        return (get_package_share_path(package) / "msg" / f"{name}.msg").read_text()
    except (PackageNotFoundError, OSError) as error:
        raise NodeError(f"no definition of {message_type} is installed: {error}") from error

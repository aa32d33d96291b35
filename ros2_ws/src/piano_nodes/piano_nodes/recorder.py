"""The node `recorder`: everything in the graph goes into one rosbag2 recording."""

from __future__ import annotations

import importlib
import time
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_path
from std_srvs.srv import Trigger

from calibration import RecordingError, RecordingWriter, Topic, message_schema
from piano_nodes.errors import NodeError
from piano_nodes.names import RECORDED, RECORDER_STOP
from piano_nodes.node import ALONE, PianoNode, Surroundings
from piano_nodes.parameters import Setting
from piano_nodes.qos import RECORDING


class Recorder(PianoNode):
    """Writes messages as they come off the wire, from its start to `/recorder/stop` or its end."""

    SETTINGS = (Setting("folder", "recording", "folder of the recording; must not exist"),)

    def __init__(self, around: Surroundings = ALONE) -> None:
        super().__init__("recorder", around)
        topics = [Topic(n, t, message_schema(t, _definition)) for n, t in RECORDED.items()]
        notes = {"clock_offset_ns": str(self.values["clock_offset_ns"])}
        self._writer = RecordingWriter(Path(str(self.values["folder"])), topics, notes)
        self._closed = False
        for topic in topics:
            self._subscribe(topic)
        self.create_service(Trigger, RECORDER_STOP, self._finish)
        self.create_timer(0.25, self._writer.flush_if_due)

    def stop(self) -> None:
        """Stop listening, then finish the recording."""
        super().stop()
        try:
            self._close()
        except RecordingError as error:
            # The front end that asked for the recording may have thrown its folder away.
            self.get_logger().debug(str(error))

    def _subscribe(self, topic: Topic) -> None:
        def write(message: bytes) -> None:
            if not self._closed:
                self._writer.write(topic.name, self._now_ns(), message)

        kind = _message_class(topic.message_type)
        self.create_subscription(kind, topic.name, write, RECORDING, raw=True)

    def _finish(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            self._close()
            response.success, response.message = True, str(self._writer.folder)
        except RecordingError as error:
            response.success, response.message = False, str(error)
        return response

    def _close(self) -> None:
        self._closed = True
        self._writer.close()

    def _now_ns(self) -> int:
        return time.monotonic_ns() + self._offset_ns


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

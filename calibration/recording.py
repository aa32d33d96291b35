"""Recordings: rosbag2 folders in MCAP, written while things happen.

A recording is a folder with `metadata.yaml` and one `.mcap` file (profile `ros2`, messages in
CDR), as `ros2 bag record -s mcap` makes them: `rosbags`, `ros2 bag` and Foxglove read it.
Messages go to the file in chunks of at most 16 KiB and 0.25 s, so a process that is killed loses
at most 0.25 s; `metadata.yaml` is written at the end, and only then is the recording whole.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml
from mcap.writer import CompressionType, Writer

from score.errors import DaCapoError

CHUNK_BYTES = 16 * 1024
FLUSH_S = 0.25
_ROSBAG2_VERSION = 8


class RecordingError(DaCapoError):
    """A recording cannot be written or read."""


@dataclass(frozen=True)
class Topic:
    """One stream of a recording.

    Attributes:
        name: For example `/joint_states`.
        message_type: For example `sensor_msgs/msg/JointState`.
        schema: Definition of the message and all it contains; see `message_schema`.
    """

    name: str
    message_type: str
    schema: str


class RecordingWriter:
    """Writes one recording; a context manager. Use it from one thread.

    Args:
        folder: Of the recording; made here, must not exist.
        topics: The streams that will be written.
        notes: What else a reader should know, kept in the recording's metadata.

    Raises:
        RecordingError: When the folder exists or cannot be made.
    """

    def __init__(
        self, folder: Path, topics: Iterable[Topic], notes: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self._notes = dict(notes or {})
        self._topics = {topic.name: topic for topic in topics}
        self._counts = dict.fromkeys(self._topics, 0)
        self._first_ns, self._last_ns = 0, 0
        self._file = _MCAP_NAME.format(folder.name)
        try:
            folder.mkdir(parents=True)
            self._stream = (folder / self._file).open("wb")
        except OSError as error:
            raise RecordingError(f"cannot record into {folder}: {error.strerror}") from error
        self._writer = Writer(
            self._stream, chunk_size=CHUNK_BYTES, compression=CompressionType.NONE
        )
        self._writer.start(profile="ros2", library="dacapo")
        self._channels = {name: self._register(topic) for name, topic in self._topics.items()}
        self._flush_at = time.monotonic() + FLUSH_S
        self._open = True

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, topic: str, time_ns: int, message: bytes) -> None:
        """Append one message.

        Args:
            topic: Name of one of the topics.
            time_ns: When it was received [ns], on the clock of the messages' stamps.
            message: In CDR, as it came off the wire.

        Raises:
            KeyError: When the topic was not announced.
            RecordingError: When the recording is closed or the disk refuses.
        """
        if not self._open:
            raise RecordingError(f"recording {self.folder} is closed")
        try:
            self._writer.add_message(self._channels[topic], time_ns, message, time_ns)
            self.flush_if_due()
        except OSError as error:
            raise RecordingError(f"cannot write to {self.folder}: {error.strerror}") from error
        self._counts[topic] += 1
        self._first_ns = min(self._first_ns or time_ns, time_ns)
        self._last_ns = max(self._last_ns, time_ns)

    def flush_if_due(self) -> None:
        """Hand everything to the system, where it outlives this process, if 0.25 s have passed.

        Writing does this; call it while nothing comes in.
        """
        now = time.monotonic()
        if self._open and now >= self._flush_at:
            self._writer.flush()  # type: ignore[no-untyped-call]
            self._flush_at = now + FLUSH_S

    def close(self) -> None:
        """Finish the file and write `metadata.yaml`. Closing again does nothing.

        Raises:
            RecordingError: When the disk refuses, or the folder was removed meanwhile.
        """
        if not self._open:
            return
        self._open = False
        try:
            with self._stream:
                self._writer.finish()  # type: ignore[no-untyped-call]
            temporary = self.folder / "metadata.yaml.tmp"
            temporary.write_text(yaml.safe_dump(self._metadata(), sort_keys=False))
            os.replace(temporary, self.folder / "metadata.yaml")
        except OSError as error:
            raise RecordingError(f"cannot finish {self.folder}: {error.strerror}") from error

    def _register(self, topic: Topic) -> int:
        schema = self._writer.register_schema(topic.message_type, "ros2msg", topic.schema.encode())
        return self._writer.register_channel(
            topic.name, "cdr", schema, {"offered_qos_profiles": ""}
        )

    def _metadata(self) -> dict[str, Any]:
        """What `metadata.yaml` holds; source: rosbag2_storage `yaml.hpp`, version 8."""
        span = {
            "duration": {"nanoseconds": self._last_ns - self._first_ns},
            "starting_time": {"nanoseconds_since_epoch": self._first_ns},
            "message_count": sum(self._counts.values()),
        }
        return {
            "rosbag2_bagfile_information": {
                "version": _ROSBAG2_VERSION,
                "storage_identifier": "mcap",
                **span,
                "topics_with_message_count": [
                    {"topic_metadata": _described(topic), "message_count": self._counts[name]}
                    for name, topic in self._topics.items()
                ],
                "compression_format": "",
                "compression_mode": "",
                "relative_file_paths": [self._file],
                "files": [{"path": self._file, **span}],
                "custom_data": self._notes or None,
                "ros_distro": "jazzy",
            }
        }


_MCAP_NAME = "{}_0.mcap"


def _described(topic: Topic) -> dict[str, str]:
    return {
        "name": topic.name,
        "type": topic.message_type,
        "serialization_format": "cdr",
        "offered_qos_profiles": "",
        "type_description_hash": "",
    }

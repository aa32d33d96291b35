"""Recordings: rosbag2 folders in MCAP, written while things happen.

A recording is a folder with `metadata.yaml` and one `.mcap` file (profile `ros2`, messages in
CDR), as `ros2 bag record -s mcap` makes them: `rosbags`, `ros2 bag` and Foxglove read it.
Messages go to the file in chunks of at most 16 KiB and 0.25 s, so a process that is killed loses
at most 0.25 s; `metadata.yaml` is written at the end, and only then is the recording whole.
What is known about a recording stands in both: at the head of the `.mcap` file, where it
outlives the process, and in the custom data of `metadata.yaml`.
"""

from __future__ import annotations

import fcntl
import io
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml
from mcap.data_stream import RecordBuilder
from mcap.records import Metadata
from mcap.writer import CompressionType, Writer

from calibration.recordings.errors import RecordingError
from score import write_whole

CHUNK_BYTES = 16 * 1024
FLUSH_S = 0.25
DATA_FILE = "recording_0.mcap"
"""The one data file: no part of a name that may change."""
METADATA_FILE = "metadata.yaml"
NOTES = "dacapo"
"""Name of the MCAP metadata record that holds the notes."""
FAILURE = "failure"
"""The note that says why a recording stopped before its end."""
_ROSBAG2_VERSION = 8


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

    When the disk refuses, the recording ends there: what was written until then stays readable,
    and says why it is cut.

    Args:
        folder: Of the recording; made here, must not exist.
        topics: The streams that will be written.
        notes: What else a reader should know.

    Attributes:
        folder: Of the recording.
        failure: Why the recording stopped before its end; empty when it did not.

    Raises:
        RecordingError: When the folder exists or cannot be made.
    """

    def __init__(
        self, folder: Path, topics: Iterable[Topic], notes: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.failure = ""
        self._notes = dict(notes or {})
        self._topics = {topic.name: topic for topic in topics}
        self._counts = dict.fromkeys(self._topics, 0)
        self._span_ns: tuple[int, int] | None = None
        self._safe_bytes = 0
        self._open = True
        try:
            folder.mkdir(parents=True)
            # Unbuffered: the writer's own buffer is lost with it, what is here is on the disk.
            self._file = (folder / DATA_FILE).open("w+b", buffering=0)
            # Whoever reads knows from the lock that this recording is still being written.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RecordingError(f"cannot record into {folder}: {error.strerror}") from error
        self._writer = Writer(
            self._file,
            chunk_size=CHUNK_BYTES,
            compression=CompressionType.NONE,
            enable_data_crcs=True,  # without it, damage to the notes would go unnoticed
        )
        try:
            self._writer.start(profile="ros2", library="dacapo")
            self._channels = {name: self._register(topic) for name, topic in self._topics.items()}
            self._writer.add_metadata(NOTES, self._notes)
            self._flush()
        except OSError as error:
            raise self._failed(error) from error

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def open(self) -> bool:
        """Whether more can be written: neither closed nor failed."""
        return self._open

    @property
    def message_count(self) -> int:
        """How many messages were written."""
        return sum(self._counts.values())

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
        self._require_open()
        try:
            self._writer.add_message(self._channels[topic], time_ns, message, time_ns)
        except OSError as error:
            raise self._failed(error) from error
        self.flush_if_due()
        self._counts[topic] += 1
        first, last = self._span_ns or (time_ns, time_ns)
        self._span_ns = min(first, time_ns), max(last, time_ns)

    def flush_if_due(self) -> None:
        """Hand everything to the system, where it outlives this process, if 0.25 s have passed.

        Writing does this; call it while nothing comes in.

        Raises:
            RecordingError: When the recording is closed or the disk refuses.
        """
        self._require_open()
        if time.monotonic() >= self._flush_at:
            try:
                self._flush()
            except OSError as error:
                raise self._failed(error) from error

    def close(self) -> None:
        """Finish the file and write `metadata.yaml`. Closing again does nothing.

        Raises:
            RecordingError: When the disk refuses, or the folder was removed meanwhile.
        """
        if not self._open:
            return
        self._open = False
        try:
            self._writer.finish()  # type: ignore[no-untyped-call]
            self._writer.flush()  # type: ignore[no-untyped-call]
            self._file.close()
            text = yaml.safe_dump(self._metadata(), sort_keys=False)
            write_whole(self.folder / METADATA_FILE, text.encode())
        except OSError as error:
            raise self._failed(error) from error

    def _require_open(self) -> None:
        if not self._open:
            raise RecordingError(self.failure or f"recording {self.folder} is closed")

    def _flush(self) -> None:
        self._writer.flush()  # type: ignore[no-untyped-call]
        self._safe_bytes = self._file.tell()
        self._flush_at = time.monotonic() + FLUSH_S

    def _failed(self, error: OSError) -> RecordingError:
        """Cut the file behind its last whole record and say there, if there is room, why."""
        self._open = False
        self.failure = f"cannot write to {self.folder}: {error.strerror}; the recording ends there"
        reason = RecordBuilder()
        Metadata(NOTES, {FAILURE: error.strerror or str(error)}).write(reason)
        try:
            self._file.truncate(_end_of_whole_records(self._file, self._safe_bytes))
            self._file.seek(0, os.SEEK_END)
            self._file.write(reason.end())  # type: ignore[no-untyped-call]
        except (
            OSError,
            ValueError,
        ):  # no room for a word; or closed: only metadata.yaml is missing
            pass
        finally:
            self._file.close()
        return RecordingError(self.failure)

    def _register(self, topic: Topic) -> int:
        schema = self._writer.register_schema(topic.message_type, "ros2msg", topic.schema.encode())
        return self._writer.register_channel(
            topic.name, "cdr", schema, {"offered_qos_profiles": ""}
        )

    def _span(self) -> dict[str, Any]:
        first, last = self._span_ns or (0, 0)
        return {
            "duration": {"nanoseconds": last - first},
            "starting_time": {"nanoseconds_since_epoch": first},
            "message_count": self.message_count,
        }

    def _metadata(self) -> dict[str, Any]:
        """What `metadata.yaml` holds; source: rosbag2_storage `yaml.hpp`, version 8."""
        return {
            "rosbag2_bagfile_information": {
                "version": _ROSBAG2_VERSION,
                "storage_identifier": "mcap",
                **self._span(),
                "topics_with_message_count": [
                    {"topic_metadata": _described(topic), "message_count": self._counts[name]}
                    for name, topic in self._topics.items()
                ],
                "compression_format": "",
                "compression_mode": "",
                "relative_file_paths": [DATA_FILE],
                "files": [{"path": DATA_FILE, **self._span()}],
                "custom_data": self._notes or None,
                "ros_distro": "jazzy",
            }
        }


def _end_of_whole_records(file: io.FileIO, start: int) -> int:
    """Where the last whole record behind `start`, the end of another one, ends in a file.

    A record is an opcode, its length in 8 bytes and its content: https://mcap.dev/spec#records
    """
    size = file.seek(0, os.SEEK_END)
    end = start
    while end + 9 <= size:
        file.seek(end + 1)
        behind = end + 9 + int.from_bytes(file.read(8), "little")
        if behind > size:
            break
        end = behind
    return end


def _described(topic: Topic) -> dict[str, str]:
    return {
        "name": topic.name,
        "type": topic.message_type,
        "serialization_format": "cdr",
        "offered_qos_profiles": "",
        "type_description_hash": "",
    }

"""What an MCAP file holds, however it ends: every whole message, up to the first damage."""

from __future__ import annotations

import fcntl
from dataclasses import dataclass
from pathlib import Path

from mcap.records import Channel, DataEnd, Message, Metadata, Schema
from mcap.stream_reader import StreamReader

from calibration.recordings.errors import RecordingError
from calibration.recordings.writer import NOTES, Topic


@dataclass(frozen=True)
class RawMessage:
    """One message as it came off the wire.

    Attributes:
        topic: Name of its stream.
        time_ns: When it was received [ns], on the clock of the stamps.
        data: In CDR.
    """

    topic: str
    time_ns: int
    data: bytes


@dataclass(frozen=True)
class Contents:
    """What was found in a file.

    Attributes:
        topics: The streams, in the order of their announcement.
        messages: In the order of the file.
        notes: What the writer noted.
        damage: What is wrong behind the last message; empty when the file is whole.
    """

    topics: tuple[Topic, ...]
    messages: tuple[RawMessage, ...]
    notes: dict[str, str]
    damage: str


def read_contents(path: Path) -> Contents:
    """Read an MCAP file of ROS messages.

    Raises:
        RecordingError: When the file cannot be opened, or is still being written.
    """
    schemas: dict[int, Schema] = {}
    topics: dict[int, Topic] = {}
    messages: list[RawMessage] = []
    notes: dict[str, str] = {}
    damage = ""
    try:
        with path.open("rb") as stream:
            _require_unlocked(stream.fileno(), path)
            reader = StreamReader(stream, validate_crcs=True, record_size_limit=path.stat().st_size)
            ended = False  # behind the data, schemas and channels are only repeated
            for record in reader.records:
                ended = ended or isinstance(record, DataEnd)
                if ended:
                    continue
                if isinstance(record, Schema):
                    schemas[record.id] = record
                elif isinstance(record, Channel) and _is_ros(record, schemas):
                    topics[record.id] = _topic(record, schemas[record.schema_id])
                elif isinstance(record, Message) and record.channel_id in topics:
                    name = topics[record.channel_id].name
                    messages.append(RawMessage(name, record.log_time, record.data))
                elif isinstance(record, Metadata) and record.name == NOTES:
                    notes |= record.metadata
    except OSError as error:
        raise RecordingError(f"cannot read {path}: {error.strerror}") from error
    except RecordingError:
        raise
    except Exception as error:  # a file cut or damaged anywhere makes mcap raise almost anything
        damage = str(error) or type(error).__name__
    return Contents(tuple(topics.values()), tuple(messages), notes, damage)


def _require_unlocked(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RecordingError(f"{path.parent} is still being recorded: stop that first") from error


def _is_ros(channel: Channel, schemas: dict[int, Schema]) -> bool:
    schema = schemas.get(channel.schema_id)
    return schema is not None and (channel.message_encoding, schema.encoding) == ("cdr", "ros2msg")


def _topic(channel: Channel, schema: Schema) -> Topic:
    return Topic(channel.topic, schema.name, schema.data.decode())

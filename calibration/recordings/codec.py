"""ROS messages without ROS: their definitions, and CDR in both directions, through rosbags."""

from __future__ import annotations

import struct
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from calibration.recordings.errors import RecordingError
from calibration.recordings.topics import MESSAGE_TYPES

OWN_TYPES = ("KeyEvent", "Performance")
"""Messages of `piano_msgs` in recordings; copies of their definitions lie in `messages/`."""

SECOND_NS = 1_000_000_000

# What rosbags raises on bytes that are no message of the type.
_NOT_A_MESSAGE = (struct.error, ValueError, IndexError, AssertionError, TypeError, OverflowError)


class Codec:
    """Between messages and CDR, with the definitions that this project has or that a file brings.

    Args:
        definitions: Definition of each message type, in MCAP's `ros2msg` form; the project's own
            when left out.

    Raises:
        RecordingError: When a definition makes no sense.
    """

    def __init__(self, definitions: dict[str, str] | None = None) -> None:
        if definitions is None:
            self._store = get_typestore(Stores.ROS2_JAZZY)
            definitions = {f"piano_msgs/msg/{name}": _own_definition(name) for name in OWN_TYPES}
        else:
            self._store = get_typestore(Stores.EMPTY)
        for name, text in definitions.items():
            try:
                known = get_types_from_msg(text, name)
                self._store.register({k: v for k, v in known.items() if k not in self._store.types})
                self._store.get_msgdef(name)
            except Exception as error:  # rosbags lets through whatever its parser runs into
                raise RecordingError(
                    f"the definition of {name} makes no sense: {error!r}"
                ) from error

    def schema(self, message_type: str) -> str:
        """Definition of a message and of all messages in it, as MCAP's `ros2msg` wants it."""
        text, _ = self._store.generate_msgdef(message_type, ros_version=2)
        return str(text)

    def make(self, message_type: str, **fields: Any) -> Any:  # noqa: ANN401  # made by rosbags
        """A message, for example `make("builtin_interfaces/msg/Time", sec=1, nanosec=2)`."""
        return self._store.types[message_type](**fields)

    def header(self, time_ns: int) -> Any:  # noqa: ANN401
        """A `std_msgs/Header` with a stamp [ns]."""
        seconds, nanoseconds = divmod(time_ns, SECOND_NS)
        stamp = self.make("builtin_interfaces/msg/Time", sec=seconds, nanosec=nanoseconds)
        return self.make("std_msgs/msg/Header", stamp=stamp, frame_id="")

    def encode(self, message: Any) -> bytes:  # noqa: ANN401
        """A message made by `make`, in CDR."""
        return bytes(self._store.serialize_cdr(message, message.__msgtype__))

    def decode(self, data: bytes, message_type: str) -> Any:  # noqa: ANN401
        """The message in some CDR.

        Raises:
            RecordingError: When the bytes are no such message.
        """
        try:
            return self._store.deserialize_cdr(data, message_type)
        except _NOT_A_MESSAGE as error:
            raise RecordingError(f"{len(data)} bytes are no {message_type}: {error}") from error


@cache
def own_codec() -> Codec:
    """The codec for what this project writes; making it takes a quarter of a second."""
    return Codec()


@lru_cache(maxsize=8)
def codec_of(definitions: tuple[tuple[str, str], ...]) -> Codec:
    """The codec for files with these definitions, each a message type and its text.

    Parsing them takes a tenth of a second, and recordings of one project have the same.

    Raises:
        RecordingError: When a definition makes no sense.
    """
    return Codec(dict(definitions))


@cache
def recorded_schemas() -> dict[str, str]:
    """Definition of every message type in a recording, by type."""
    return {name: own_codec().schema(name) for name in set(MESSAGE_TYPES.values())}


def stamp_ns(stamp: Any) -> int:  # noqa: ANN401
    """A `builtin_interfaces/Time` as one number [ns]."""
    return int(stamp.sec) * SECOND_NS + int(stamp.nanosec)


def _own_definition(name: str) -> str:
    folder = resources.files("calibration.recordings") / "messages"
    return (folder / f"{name}.msg").read_text()

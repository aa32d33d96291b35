"""Recordings, read back by the independent `rosbags` and, when cut, by MCAP's own reader."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.exceptions import McapError
from mcap.records import Message
from mcap.stream_reader import StreamReader
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from calibration.recordings import RecordingError, RecordingWriter, Topic, message_schema

EMPTY = np.empty(0)
STORE = get_typestore(Stores.ROS2_JAZZY)
JOINT_STATE = "sensor_msgs/msg/JointState"


def definition(message_type: str) -> str:
    """Text of a standard message, from rosbags' own store."""
    text, _ = STORE.generate_msgdef(message_type, ros_version=2)
    return text.split("=" * 80)[0]


def topics() -> tuple[Topic, ...]:
    schema = message_schema(JOINT_STATE, definition)
    return (Topic("/joint_states", JOINT_STATE, schema), Topic("/other", JOINT_STATE, schema))


def joint_state(position: float) -> bytes:
    types = STORE.types
    stamp = types["builtin_interfaces/msg/Time"](sec=3, nanosec=4)
    header = types["std_msgs/msg/Header"](stamp=stamp, frame_id="")
    state = types[JOINT_STATE](
        header=header,
        name=["rail"],
        position=np.array([position], float),
        velocity=EMPTY,
        effort=EMPTY,
    )
    return bytes(STORE.serialize_cdr(state, JOINT_STATE))


def position_in(message: Any) -> float:  # noqa: ANN401  # made by rosbags at run time
    return float(message.position[0])


def test_schema_lists_every_type_once_in_mcap_form() -> None:
    schema = message_schema(JOINT_STATE, definition)
    assert schema.count("MSG: std_msgs/Header\n") == 1
    assert schema.count("MSG: builtin_interfaces/Time\n") == 1
    assert schema.index("float64[] position") < schema.index("MSG: ")


def test_rosbags_reads_what_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    with RecordingWriter(folder, topics(), {"song": "twinkle"}) as writer:
        for step in range(500):
            writer.write("/joint_states", 1_000_000_000 + step * 10_000_000, joint_state(step))
    with AnyReader([folder], default_typestore=STORE) as reader:
        read = [
            (time_ns, position_in(reader.deserialize(raw, connection.msgtype)))
            for connection, time_ns, raw in reader.messages()
        ]
        assert [c.topic for c in reader.connections] == ["/joint_states", "/other"]
        assert reader.message_count == 500
        assert reader.duration == 4_990_000_001
    assert read == [(1_000_000_000 + step * 10_000_000, step) for step in range(500)]


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"cannot record into .*: File exists"):
        RecordingWriter(tmp_path, topics())


def test_closing_twice_is_harmless_and_writing_after_it_is_an_error(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "recording", topics())
    writer.close()
    writer.close()
    with pytest.raises(RecordingError, match="is closed"):
        writer.write("/joint_states", 1, joint_state(0.0))


VICTIM = """
import sys, time
from pathlib import Path
from calibration.recordings import RecordingWriter, Topic
from tests.unit.calibration.test_recording import joint_state, topics
writer = RecordingWriter(Path(sys.argv[1]), topics())
message = joint_state(1.0)
while True:
    writer.write("/joint_states", time.monotonic_ns(), message)
    time.sleep(0.01)
"""


def test_a_killed_recorder_loses_at_most_a_quarter_of_a_second(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    root = Path(__file__).parents[3]
    victim = subprocess.Popen([sys.executable, "-c", VICTIM, str(folder)], cwd=root)
    file = folder / "recording_0.mcap"
    while not file.exists():
        assert victim.poll() is None
        time.sleep(0.02)
    time.sleep(1.0)
    killed_ns = time.monotonic_ns()
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert not (folder / "metadata.yaml").exists()
    times = [m.log_time for m in messages_of(file)]
    assert len(times) > 30
    assert killed_ns - times[-1] < 0.3e9  # 0.25 s and one message


def messages_of(file: Path) -> list[Message]:
    """Every whole message of a file that ends anywhere."""
    found: list[Message] = []
    with file.open("rb") as stream, contextlib.suppress(McapError):
        found.extend(r for r in StreamReader(stream).records if isinstance(r, Message))
    return found

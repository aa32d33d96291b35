"""Recordings made without ROS: every tool reads them, and they say what was put in."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from calibration.recordings import PerformanceRecorder, Provenance
from calibration.recordings.codec import OWN_TYPES

ROOT = Path(__file__).resolve().parents[3]
JOINTS = ("rail", "mcp", "pip")
OFFSET_NS = 1_700_000_000 * 10**9


@pytest.mark.parametrize("name", OWN_TYPES)
def test_own_messages_are_those_of_the_ros_package(name: str) -> None:
    ours = ROOT / "calibration/recordings/messages" / f"{name}.msg"
    theirs = ROOT / "ros2_ws/src/piano_msgs/msg" / f"{name}.msg"
    assert ours.read_text() == theirs.read_text()


def read(folder: Path) -> dict[str, list[tuple[int, Any]]]:
    found: dict[str, list[tuple[int, Any]]] = {}
    with AnyReader([folder]) as reader:  # knows the messages from the file alone
        for connection, time_ns, raw in reader.messages():
            message = reader.deserialize(raw, connection.msgtype)
            found.setdefault(connection.topic, []).append((time_ns, message))
    return found


def test_rosbags_reads_what_was_recorded(tmp_path: Path) -> None:
    provenance = Provenance(mode="virtual", clock_offset_ns=OFFSET_NS)
    with PerformanceRecorder(tmp_path / "recording", JOINTS, provenance) as recorder:
        recorder.joint_states(10_000_000, [0.1, 0.2, 0.3], [1.0, 2.0, 3.0])
        recorder.targets(11_000_000, np.array([0.4, 0.5, 0.6]))
        recorder.key_event(15_000_000, 24, True, 70)
        recorder.key_event(95_000_000, 24, False, 70)
        recorder.diagnostics(96_000_000, "keyboard", 2, "it is gone", {"port": "Keystation"})
    found = read(tmp_path / "recording")
    (time_ns, state), (_, target) = found["/joint_states"][0], found["/hand/sent_targets"][0]
    assert time_ns == OFFSET_NS + 10_000_000
    assert state.header.stamp.sec * 10**9 + state.header.stamp.nanosec == time_ns
    assert list(state.name) == list(JOINTS)
    np.testing.assert_array_equal(state.position, [0.1, 0.2, 0.3])
    np.testing.assert_array_equal(state.velocity, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(target.points[0].positions, [0.4, 0.5, 0.6])
    events = [(m.monotonic_ns, m.key, m.down, m.velocity) for _, m in found["/piano/key_events"]]
    assert events == [(15_000_000, 24, True, 70), (95_000_000, 24, False, 0)]
    (status,) = found["/diagnostics"][0][1].status
    assert (status.name, status.level, status.message) == ("keyboard", 2, "it is gone")


def test_a_row_of_another_hand_is_refused(tmp_path: Path) -> None:
    with (
        PerformanceRecorder(tmp_path / "recording", JOINTS, Provenance()) as recorder,
        pytest.raises(ValueError, match="no row of 3 joints"),
    ):
        recorder.targets(1, [0.0, 0.0])

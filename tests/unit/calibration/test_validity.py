"""Which recordings are refused, and that the reason is said."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from calibration.recordings import (
    InvalidRecordingError,
    PerformanceRecorder,
    check_valid,
    find_problems,
    read_recording,
)
from calibration.recordings.codec import own_codec
from calibration.recordings.performance_recorder import recorded_topics
from calibration.recordings.writer import RecordingWriter
from tests.unit.calibration.recorded import (
    JOINTS,
    OFFSET_NS,
    PROVENANCE,
    START_NS,
    STATE_NS,
    TARGET_NS,
    make_recording,
    positions,
    record_states,
)

Story = Callable[[PerformanceRecorder], None]


def keyboard_gone(recorder: PerformanceRecorder) -> None:
    record_states(recorder, 0, 100)
    recorder.diagnostics(START_NS + 300_000_000, "keyboard", 2, "the keyboard is gone", {})


def motor_fault(recorder: PerformanceRecorder) -> None:
    record_states(recorder, 0, 100)
    recorder.diagnostics(START_NS + 400_000_000, "hand", 2, "motor 7 is overloaded", {})


def bus_pause(recorder: PerformanceRecorder) -> None:
    record_states(recorder, 0, 50)
    record_states(recorder, 61, 100)


def frozen_states(recorder: PerformanceRecorder) -> None:
    record_states(recorder, 0, 50)
    for step in range(50, 90):
        recorder.joint_states(START_NS + step * STATE_NS, positions(50), np.zeros(3))
        if step % 5 == 0:
            recorder.targets(START_NS + step * STATE_NS, positions(step))


def clock_back(recorder: PerformanceRecorder) -> None:
    record_states(recorder, 0, 50)
    record_states(recorder, 48, 100)


def no_numbers(recorder: PerformanceRecorder) -> None:
    record_states(recorder, 0, 100)
    recorder.targets(START_NS + 20 * TARGET_NS, [np.nan, 0.0, 0.0])


def nothing(recorder: PerformanceRecorder) -> None:
    recorder.key_event(START_NS, 3, True, 64)


@pytest.mark.parametrize(
    ("story", "kind", "message"),
    [
        (keyboard_gone, "keyboard_gone", "the keyboard failed at 0.30 s: the keyboard is gone"),
        (motor_fault, "hand_fault", "the hand failed at 0.40 s: motor 7 is overloaded"),
        (bus_pause, "stale_bus", "no joint state for 0.12 s at 0.49 s"),
        (frozen_states, "stale_bus", "the joint states stood still at 0.50 s while targets moved"),
        (clock_back, "clock_jump", "the times of joint states do not rise at 0.49 s"),
        (no_numbers, "not_finite", "no numbers"),
        (nothing, "no_states", "it holds no joint states"),
    ],
)
def test_what_makes_a_recording_invalid(
    tmp_path: Path, story: Story, kind: str, message: str
) -> None:
    folder = tmp_path / "recording"
    with PerformanceRecorder(folder, JOINTS, PROVENANCE) as recorder:
        story(recorder)
    recording = read_recording(folder)
    assert [problem.kind for problem in find_problems(recording)] == [kind]
    with pytest.raises(InvalidRecordingError, match=message):
        check_valid(recording)
    document = yaml.safe_load((folder / "metadata.yaml").read_text())
    marks = document["rosbag2_bagfile_information"]["custom_data"]
    assert marks["valid"] == "no"
    assert message in marks["problems"]


def test_a_valid_recording_is_let_through(tmp_path: Path) -> None:
    check_valid(read_recording(make_recording(tmp_path / "recording")))


def test_a_hand_at_rest_is_not_taken_for_a_stale_bus(tmp_path: Path) -> None:
    with PerformanceRecorder(tmp_path / "recording", JOINTS, PROVENANCE) as recorder:
        for step in range(100):
            recorder.joint_states(START_NS + step * STATE_NS, np.zeros(3), np.zeros(3))
        recorder.targets(START_NS, np.zeros(3))
    check_valid(read_recording(tmp_path / "recording"))


def write_raw(folder: Path, stamps_ns: list[int], event_stamp_ns: int) -> None:
    """States received every 10 ms, whatever their stamps, and one key event at START_NS."""
    codec = own_codec()
    with RecordingWriter(folder, recorded_topics(), PROVENANCE.to_notes()) as writer:
        for step, stamp_ns in enumerate(stamps_ns):
            state = codec.make(
                "sensor_msgs/msg/JointState",
                header=codec.header(stamp_ns + OFFSET_NS),
                name=list(JOINTS),
                position=positions(step),
                velocity=positions(step),
                effort=np.empty(0),
            )
            received_ns = START_NS + step * STATE_NS + OFFSET_NS
            writer.write("/joint_states", received_ns, codec.encode(state))
        event = codec.make(
            "piano_msgs/msg/KeyEvent",
            header=codec.header(event_stamp_ns + OFFSET_NS),
            monotonic_ns=START_NS,
            key=3,
            down=True,
            velocity=64,
        )
        writer.write("/piano/key_events", START_NS + OFFSET_NS, codec.encode(event))


@pytest.mark.parametrize(
    ("jump_ns", "event_ns", "message"),
    [
        (0, 0, ""),
        (0, 20_000_000, "stamp and clock of a key event differ at 0.00 s"),
        (20_000_000, 0, "joint states from the future at 0.05 s"),
    ],
)
def test_clocks_that_disagree(tmp_path: Path, jump_ns: int, event_ns: int, message: str) -> None:
    stamps = [START_NS + k * STATE_NS + (jump_ns if k >= 5 else 0) for k in range(20)]
    write_raw(tmp_path / "recording", stamps, START_NS + event_ns)
    problems = find_problems(read_recording(tmp_path / "recording"))
    assert [p.kind for p in problems] == (["clock_jump"] if message else [])
    assert all(message in p.message for p in problems)

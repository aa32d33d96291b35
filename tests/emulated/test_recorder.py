"""The recorder in a real graph: what it notes, a full disk, and a process that is killed."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rclpy.context import Context
from sensor_msgs.msg import JointState

from calibration.recordings import find_problems, read_recording, replay
from dacapo.__main__ import main
from piano_nodes.compose import Played, play
from piano_nodes.node import Surroundings
from piano_nodes.recorder import Recorder
from piano_nodes.sim_rig import SimRig
from score import Performance
from sim import build_model, load_rig
from tests.emulated.graph import Beside, until


@pytest.fixture(scope="module")
def played(short_song: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One performance that several tests look at."""
    os.environ["ROS_DOMAIN_ID"] = str(100 + os.getpid() % 100)
    return play(str(short_song), policy="planner", out=tmp_path_factory.mktemp("runs"))


def test_a_recording_tells_all_of_a_performance(played: Played, short_song: Path) -> None:
    recording = read_recording(played.folder)
    rig = load_rig("leap_rail_49")
    origin = recording.provenance
    assert (origin.mode, origin.song, origin.policy) == ("sim", str(short_song), "planner")
    assert (origin.rig, origin.rig_hash) == (rig.name, rig.hash)
    assert recording.performance is not None
    assert recording.performance.frame == played.performance.frame
    written = Performance.from_json((played.folder / "performance.json").read_bytes())
    assert recording.performance.onset_error_ms == written.onset_error_ms
    assert recording.score_zero_ns is not None
    assert recording.start_ns < recording.score_zero_ns < recording.states.time_ns[-1]
    assert recording.notes["valid"] == ("no" if find_problems(recording) else "yes")


def test_what_was_sent_is_what_was_asked_for_a_moment_later(played: Played) -> None:
    recording = read_recording(played.folder)
    np.testing.assert_array_equal(recording.sent.positions, recording.asked.positions)
    delays_ns = recording.sent.time_ns - recording.asked.time_ns
    assert np.median(np.abs(delays_ns)) < 20e6


def test_replaying_the_commands_sounds_the_same(played: Played) -> None:
    recording = read_recording(played.folder)
    replayed = replay(recording, build_model(load_rig("leap_rail_49")))
    assert replayed.note_f1 == 1.0
    assert replayed.onset_gap_ms == pytest.approx(0.0, abs=5.0)


def recorder_in(context: Context, folder: Path) -> Recorder:
    recorder = Recorder(Surroundings(context, {"folder": str(folder), "rig": "leap_rail_49"}))
    recorder.start()
    return recorder


def test_a_full_disk_ends_the_recording_and_not_the_graph(context: Context, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    recorder, beside = recorder_in(context, tmp_path / "recording"), Beside(context)
    states = beside.node.create_publisher(JointState, "/joint_states", 10)
    try:
        until(lambda: states.get_subscription_count() == 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))

        def publish() -> bool:
            states.publish(JointState(name=["rail"] * 50, position=[0.0] * 50))
            return bool(recorder.problems)

        assert until(publish)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert "the recording ends there" in recorder.problems
        assert recorder.failure == ""
        assert not recorder.ended.is_set()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        recorder.stop()
        beside.close()
    assert read_recording(tmp_path / "recording").notes["incomplete"] == "File too large"


PLAY = """
import sys
from pathlib import Path
from piano_nodes.compose import play
play("ode_to_joy", policy="planner", out=Path(sys.argv[1]),
     on_progress=lambda progress: print(progress.stage, flush=True))
"""


def test_a_killed_graph_leaves_a_recording_that_lacks_at_most_a_second(tmp_path: Path) -> None:
    player = subprocess.Popen(
        [sys.executable, "-c", PLAY, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert player.stdout is not None
    for line in player.stdout:
        if line.strip() == "playing":
            break
    time.sleep(1.0)
    killed_ns = time.monotonic_ns()
    player.kill()
    assert player.wait() == -signal.SIGKILL
    (run,) = tmp_path.glob(".*.partial")
    recording = read_recording(run)
    assert killed_ns - recording.states.time_ns[-1] < 1e9
    assert killed_ns - recording.sent.time_ns[-1] < 1e9
    assert "incomplete" in [problem.kind for problem in find_problems(recording)]


def test_dacapo_record_listens_to_a_running_graph(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = SimRig(Surroundings(context, {"clock_offset_ns": time.time_ns() - time.monotonic_ns()}))
    rig.start()
    folder = tmp_path / "heard"
    try:
        code = main(["record", "--rig", "leap_rail_49", "--seconds", "2", "--out", str(folder)])
    finally:
        rig.stop()
    recording = read_recording(folder)
    problems = {problem.kind for problem in find_problems(recording)}
    assert problems <= {"stale_bus"}  # on a machine with more to do
    assert code == (1 if problems else 0), capsys.readouterr().err
    assert len(recording.states.time_ns) > 50
    assert recording.provenance.rig == "leap_rail_49"


def test_dacapo_record_says_when_nothing_was_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", "--seconds", "0.5", "--out", str(tmp_path / "heard")]) == 1
    assert "nothing was heard: is a graph running" in capsys.readouterr().err

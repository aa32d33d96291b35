"""A rig whose hand and arm have trajectory controllers, in the graph; the controllers emulated."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from rclpy.context import Context
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from calibration.recordings import read_recording
from piano_nodes import qos
from piano_nodes.companions import EmulatorCompanion
from piano_nodes.compose import play
from piano_nodes.errors import NodeError
from piano_nodes.graph import EmulatorSpec
from piano_nodes.hand import Hand
from piano_nodes.modes import check_mode
from piano_nodes.names import HAND_STOP, JOINT_STATES, JOINT_TRAJECTORY, SENT_TARGETS
from piano_nodes.node import Surroundings
from sim import load_rig
from tests.emulated.graph import Beside, until
from tests.emulated.processes import own_children

pytest.importorskip("rtmidi", reason="python-rtmidi is not installed (make setup)")

RIG = "allegro_slide_49"
KEYBOARD = f"Controllers {os.getpid()}"


@pytest.fixture(scope="module")
def controllers() -> Iterator[EmulatorCompanion]:
    """Controllers that stand there whatever becomes of the graph."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", f"dacapo-controllers-{os.getpid()}")
        patch.setenv("ROS_DOMAIN_ID", str(100 + os.getpid() % 100))
        with closing(EmulatorCompanion(EmulatorSpec(RIG, "nominal", "", KEYBOARD))) as companion:
            given = {"mode": "real", "rig": RIG, "keyboard": KEYBOARD, "device": "", "port": ""}
            assert until(lambda: _accepted(given), 20.0)
            yield companion


def _accepted(given: dict[str, str]) -> bool:
    try:
        check_mode(given)
    except Exception:  # no keyboard yet: the reason is told by the assertion that waits
        return False
    return True


def test_a_song_is_played_through_topics(
    controllers: EmulatorCompanion, short_song: Path, tmp_path: Path
) -> None:
    asked = {"mode": "real", "policy": "planner", "rig": RIG, "keyboard": KEYBOARD}
    played = play(str(short_song), out=tmp_path, on_progress=None, **asked)
    assert played.performance.mode == "real"
    assert played.performance.note.f1_100ms == 1.0
    assert played.performance.wrong_keys == 0
    recording = read_recording(played.folder)
    assert recording.joint_names == load_rig(RIG).joint_names
    assert len(recording.states.time_ns) > 200
    assert len(recording.sent.time_ns) > 40
    controllers.check()


def test_mode_emulated_has_controllers_of_its_own_and_leaves_others_alone(
    controllers: EmulatorCompanion, short_song: Path, tmp_path: Path
) -> None:
    before = own_children("executables")
    played = play(str(short_song), out=tmp_path, mode="emulated", policy="planner", rig=RIG)
    assert played.performance.mode == "emulated"
    assert played.performance.note.f1_100ms == 1.0
    assert own_children("executables") == before
    assert len(before) == 1


def test_controllers_that_are_there_already_are_not_emulated_again(
    controllers: EmulatorCompanion,
) -> None:
    other = EmulatorCompanion(EmulatorSpec(RIG, "nominal", "", f"Other {KEYBOARD}"))
    with closing(other):
        until(lambda: _ended(other), 15.0)
        with pytest.raises(NodeError, match="has a controller already"):
            other.check()


def _ended(companion: EmulatorCompanion) -> bool:
    try:
        companion.check()
    except NodeError:
        return True
    return False


class Listener(Beside):
    """Hears the hand and speaks to it."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.states: list[JointState] = []
        self.sent: list[JointTrajectory] = []
        self.node.create_subscription(JointState, JOINT_STATES, self.states.append, qos.STATES)
        self.node.create_subscription(JointTrajectory, SENT_TARGETS, self.sent.append, qos.STATES)
        self.targets = self.node.create_publisher(JointTrajectory, JOINT_TRAJECTORY, qos.TARGETS)
        self.stop = self.node.create_client(Trigger, HAND_STOP)


def test_the_hand_stops_when_asked_and_fails_when_a_controller_is_gone(
    controllers: EmulatorCompanion, context: Context
) -> None:
    hand = Hand(Surroundings(context, {"rig": RIG}))
    with closing(Listener(context)) as beside:
        hand.start()
        try:
            assert until(lambda: len(beside.states) > 20, 15.0)
            assert list(beside.states[-1].name) == list(load_rig(RIG).joint_names)
            called = beside.stop.call_async(Trigger.Request())
            assert until(called.done)
            assert called.result().success
            (emulator,) = own_children("e.emulated_rig()")
            os.kill(emulator, signal.SIGKILL)
            assert until(hand.ended.is_set)
            assert "nothing is heard on /allegro_controller/joint_states" in hand.failure
        finally:
            hand.stop()


def test_without_controllers_the_graph_says_which_are_missing(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("piano_nodes.hand.PATIENCE_S", 0.5)
    hand = Hand(Surroundings(context, {"rig": RIG}))
    hand.start()
    try:
        assert until(hand.ended.is_set, 10.0)
        for part in ("nothing is heard on /slide_controller/joint_states", "nobody listens to /al"):
            assert part in hand.failure
    finally:
        hand.stop()


@pytest.mark.parametrize("words", [{"device": "my_hand.yaml"}, {"port": "/dev/ttyUSB0"}])
def test_what_only_motors_need_is_refused(words: dict[str, str]) -> None:
    nothing = {"device": "", "port": "", "keyboard": ""}
    with pytest.raises(NodeError, match="is reached through its controllers' topics"):
        check_mode({"mode": "real", "rig": RIG, **nothing, **words})


def test_topics_of_the_hand_itself_are_refused(context: Context, tmp_path: Path) -> None:
    text = Path("sim/rigs/allegro_slide_49.yaml").read_text()
    rig = tmp_path / "clash.yaml"
    rig.write_text(text.replace("/slide_controller/joint_states", "/joint_states"))
    hand = Hand(Surroundings(context, {"rig": str(rig)}))
    hand.start()
    try:
        assert until(hand.ended.is_set, 10.0)
        assert "/joint_states is a topic of the hand itself" in hand.failure
    finally:
        hand.stop()

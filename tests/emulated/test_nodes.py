"""Single nodes in a real graph: parameters, and what they do with odd input."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from piano_nodes import qos
from piano_nodes.compose import node_class
from piano_nodes.errors import NodeError
from piano_nodes.graph import MODES, play_graph
from piano_nodes.names import HAND_RESET, HAND_STOP, JOINT_STATES, JOINT_TRAJECTORY
from piano_nodes.node import Surroundings
from piano_nodes.sim_rig import SimRig
from score import DaCapoError
from tests.emulated.graph import Beside, until


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"rgi": "leap_rail_49"}, "has no parameter 'rgi': did you mean 'rig'?"),
        ({"state_rate_hz": "fast"}, "'state_rate_hz' of node 'sim_rig' must be of type int"),
        ({"state_rate_hz": 1000}, "'state_rate_hz' of node 'sim_rig' must be from 20 to 200"),
        ({"rig": "nope"}, "no rig 'nope'"),
    ],
)
def test_wrong_parameters_are_errors_that_name_them(
    context: Context, overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(DaCapoError) as caught:
        SimRig(Surroundings(context, overrides))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_mode_names_the_known_ones(context: Context) -> None:
    with pytest.raises(NodeError, match=r"'mode' .* is 'reel'; it must be one of sim"):
        node_class("player")(Surroundings(context, {"mode": "reel"}))


def test_the_graph_gives_nodes_only_parameters_they_have(tmp_path: Path) -> None:
    for mode in MODES:
        for spec in play_graph("s", mode=mode, run=tmp_path, partial=tmp_path).nodes:
            kind: Any = node_class(spec.executable)
            settings = [setting.name for setting in kind.SETTINGS]
            assert set(spec.parameters) <= {*settings, "clock_offset_ns"}


class Listener(Beside):
    """A node beside the rig, that hears and says what a player would."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.states: list[JointState] = []
        self.warnings: list[str] = []
        self.node.create_subscription(JointState, JOINT_STATES, self.states.append, qos.STATES)
        self.node.create_subscription(
            DiagnosticArray,
            "/diagnostics",
            lambda message: self.warnings.extend(s.message for s in message.status),
            qos.DIAGNOSTICS,
        )
        self._targets = self.node.create_publisher(JointTrajectory, JOINT_TRAJECTORY, qos.TARGETS)
        self.stop = self.node.create_client(Trigger, HAND_STOP)
        self.reset = self.node.create_client(Trigger, HAND_RESET)

    def send(self, positions: dict[str, float]) -> None:
        message = JointTrajectory(joint_names=list(positions))
        message.points = [JointTrajectoryPoint(positions=list(positions.values()))]
        self._targets.publish(message)

    def position(self, joint: str) -> float:
        state = self.states[-1]
        return state.position[state.name.index(joint)]


@pytest.fixture
def rig(context: Context) -> Iterator[SimRig]:
    node = SimRig(Surroundings(context, {"clock_offset_ns": 5_000_000_000}))
    node.start()
    yield node
    node.stop()


@pytest.fixture
def listener(rig: SimRig) -> Iterator[Listener]:
    listener = Listener(rig.context)
    assert until(lambda: len(listener.states) > 3)
    yield listener
    listener.close()


def test_targets_move_the_joints_by_name_in_any_order(listener: Listener) -> None:
    names = listener.states[-1].name
    listener.send({name: 0.05 if name == "rail" else 0.0 for name in reversed(names)})
    assert until(lambda: abs(listener.position("rail") - 0.05) < 0.005)


def test_stop_holds_the_hand_where_it_is(listener: Listener) -> None:
    names = listener.states[-1].name
    listener.send({name: 0.2 if name == "rail" else 0.0 for name in names})
    assert until(lambda: listener.position("rail") > 0.05)
    answer = listener.stop.call(Trigger.Request())
    there = listener.position("rail")
    time.sleep(0.5)
    assert answer.success
    assert abs(listener.position("rail") - there) < 0.03
    assert listener.position("rail") < 0.19


def test_a_stopped_hand_takes_no_targets_until_it_is_reset(listener: Listener) -> None:
    names = listener.states[-1].name
    assert listener.stop.call(Trigger.Request()).success
    listener.send({name: 0.05 if name == "rail" else 0.0 for name in names})
    assert until(lambda: any("stopped by /hand/stop" in text for text in listener.warnings))
    assert abs(listener.position("rail")) < 0.01
    assert listener.reset.call(Trigger.Request()).success
    listener.send({name: 0.05 if name == "rail" else 0.0 for name in names})
    assert until(lambda: abs(listener.position("rail") - 0.05) < 0.005)


def test_a_target_that_is_no_number_stops_the_hand(listener: Listener) -> None:
    names = listener.states[-1].name
    listener.send(dict.fromkeys(names, 0.05) | {"rail": float("nan")})
    assert until(lambda: any("not finite" in text for text in listener.warnings))
    listener.send({name: 0.05 if name == "rail" else 0.0 for name in names})
    time.sleep(0.3)
    assert abs(listener.position("rail")) < 0.01


@pytest.mark.parametrize(
    ("spoil", "warning"),
    [
        (lambda p: p | {"elbow": 0.0}, "all our joints"),
        (lambda p: {"rail": 0.05}, "all our joints"),
    ],
)
def test_bad_targets_are_ignored_with_a_warning(
    listener: Listener, spoil: Callable[[dict[str, float]], dict[str, float]], warning: str
) -> None:
    listener.send(spoil(dict.fromkeys(listener.states[-1].name, 0.05)))
    assert until(lambda: any(warning in text for text in listener.warnings))
    assert abs(listener.position("rail")) < 0.01


def test_stamps_are_the_monotonic_clock_plus_the_offset(listener: Listener) -> None:
    stamp = listener.states[-1].header.stamp
    ahead_ns = stamp.sec * 10**9 + stamp.nanosec - time.monotonic_ns()
    assert ahead_ns == pytest.approx(5e9, abs=0.5e9)

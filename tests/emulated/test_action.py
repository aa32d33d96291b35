"""`/play` as any ROS client uses it, with the rig and the player in the graph."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.context import Context

from piano_msgs.action import Play
from piano_nodes.names import PLAY
from piano_nodes.node import Surroundings
from piano_nodes.player import Player
from piano_nodes.sim_rig import SimRig
from tests.emulated.graph import Beside, until


@pytest.fixture
def client(context: Context, tmp_path: Path) -> Iterator[ActionClient]:
    nodes = [
        SimRig(Surroundings(context, {})),
        Player(Surroundings(context, {"out": str(tmp_path / "runs")})),
    ]
    for node in nodes:
        node.start()
    beside = Beside(context)
    client = ActionClient(beside.node, Play, PLAY)
    assert client.wait_for_server(timeout_sec=10.0)
    yield client
    client.destroy()
    beside.close()
    for node in reversed(nodes):
        node.stop()


def send(client: ActionClient, song: object) -> ClientGoalHandle:
    asked = client.send_goal_async(Play.Goal(song=str(song)))
    assert until(asked.done)
    return asked.result()


def outcome(handle: ClientGoalHandle) -> tuple[int, Play.Result]:
    result = handle.get_result_async()
    assert until(result.done, 30.0)
    return result.result().status, result.result().result


def test_a_goal_without_a_folder_gets_one(
    client: ActionClient, short_song: Path, tmp_path: Path
) -> None:
    status, result = outcome(send(client, short_song))
    assert (status, result.success) == (GoalStatus.STATUS_SUCCEEDED, True), result.message
    (folder,) = (tmp_path / "runs").iterdir()
    assert result.folder == str(folder)
    assert (folder / "performance.json").exists()
    assert result.performance.song == "four_notes"
    assert result.performance.seed == -1


def test_what_cannot_be_played_is_aborted_with_the_reason(
    client: ActionClient, tmp_path: Path
) -> None:
    status, result = outcome(send(client, "no_such_song"))
    assert (status, result.success) == (GoalStatus.STATUS_ABORTED, False)
    assert "no song 'no_such_song'" in result.message
    assert list((tmp_path / "runs").iterdir()) == []


def test_one_song_at_a_time_and_it_can_be_called_off(
    client: ActionClient, short_song: Path, tmp_path: Path
) -> None:
    handle = send(client, short_song)
    assert not send(client, short_song).accepted
    time.sleep(1.0)
    assert until(handle.cancel_goal_async().done)
    status, result = outcome(handle)
    assert (status, result.success) == (GoalStatus.STATUS_CANCELED, False)
    assert list((tmp_path / "runs").iterdir()) == []
    assert send(client, "no_such_song").accepted

"""`/play` as any ROS client uses it, with the rig and the player in the graph."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.context import Context
from rclpy.task import Future

from piano_msgs.action import Play
from piano_nodes.names import PLAY
from piano_nodes.node import Surroundings
from piano_nodes.player import Player
from piano_nodes.sim_rig import SimRig
from tests.emulated.graph import Beside, until


class Asker(Beside):
    """Whoever wants songs played; asks on its own thread, or answers could be lost."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._client = ActionClient(self.node, Play, PLAY)
        assert self._client.wait_for_server(timeout_sec=10.0)

    def send(self, song: object) -> ClientGoalHandle:
        """Ask for a song; the goal, accepted or not."""
        return self._ask(lambda: self._client.send_goal_async(Play.Goal(song=str(song))))

    def cancel(self, goal: ClientGoalHandle) -> None:
        """Call a song off."""
        self._ask(goal.cancel_goal_async)

    def outcome(self, goal: ClientGoalHandle) -> tuple[int, Play.Result]:
        """What became of a song, once it is over."""
        response = self._ask(goal.get_result_async, 30.0)
        return response.status, response.result

    def release(self) -> None:
        """Let go of the action."""
        self._client.destroy()

    def _ask(self, call: Callable[[], Future], timeout_s: float = 5.0) -> Any:  # noqa: ANN401  an answer
        begun = self.soon(call)
        assert until(begun.done)
        asked: Future = begun.result()
        assert until(asked.done, timeout_s)
        return asked.result()


@pytest.fixture
def asker(context: Context, tmp_path: Path) -> Iterator[Asker]:
    nodes = [
        SimRig(Surroundings(context, {})),
        Player(Surroundings(context, {"out": str(tmp_path / "runs")})),
    ]
    for node in nodes:
        node.start()
    asker = Asker(context)
    yield asker
    asker.close()
    for node in reversed(nodes):
        node.stop()


def test_a_goal_without_a_folder_gets_one(asker: Asker, short_song: Path, tmp_path: Path) -> None:
    status, result = asker.outcome(asker.send(short_song))
    assert (status, result.success) == (GoalStatus.STATUS_SUCCEEDED, True), result.message
    (folder,) = (tmp_path / "runs").iterdir()
    assert result.folder == str(folder)
    assert (folder / "performance.json").exists()
    assert result.performance.song == "four_notes"
    assert result.performance.seed == -1


def test_what_cannot_be_played_is_aborted_with_the_reason(asker: Asker, tmp_path: Path) -> None:
    status, result = asker.outcome(asker.send("no_such_song"))
    assert (status, result.success) == (GoalStatus.STATUS_ABORTED, False)
    assert "no song 'no_such_song'" in result.message
    assert list((tmp_path / "runs").iterdir()) == []


def test_one_song_at_a_time_and_it_can_be_called_off(
    asker: Asker, short_song: Path, tmp_path: Path
) -> None:
    handle = asker.send(short_song)
    assert not asker.send(short_song).accepted
    time.sleep(1.0)
    asker.cancel(handle)
    status, result = asker.outcome(handle)
    assert (status, result.success) == (GoalStatus.STATUS_CANCELED, False)
    assert list((tmp_path / "runs").iterdir()) == []
    assert asker.send("no_such_song").accepted

"""The node `play_client`: asks `/play` for one song, follows it, and completes the run's folder."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rclpy.action import ActionClient
from rclpy.task import Future
from std_srvs.srv import Trigger

from piano_msgs.action import Play
from piano_msgs.msg import Performance
from piano_nodes.conversions import progress_of
from piano_nodes.errors import NodeError
from piano_nodes.graph import MODES
from piano_nodes.names import PLAY, RECORDER_STOP
from piano_nodes.node import ALONE, PianoNode, Surroundings
from piano_nodes.parameters import Setting
from policies.performer import Progress, Stage
from policies.run_folder import RunFolder
from score import DaCapoError

SERVER_S = 30.0
"""How long the other nodes may take to start [s]."""
CANCEL_S = 4.0
"""How long a performance that was called off may take to end [s]."""
RECORDING_S = 30.0
"""How long the recorder may take to finish and check what it recorded [s]."""
_POLL_S = 0.02


class PlayClient(PianoNode):
    """Plays one song through the graph; its end is the end of the graph.

    Args:
        on_progress: Is called on the executor's thread a few times a second; when left out, the
            node logs its progress.

    Attributes:
        folder: The run's folder; None until it is whole.
    """

    SETTINGS = (
        Setting("song", "", "name in the song library, or path of a MIDI file"),
        Setting("run", "", "name of the run's folder when everything is in it"),
        Setting("mode", MODES[0], "what the rig in the graph is", choices=MODES),
    )

    def __init__(
        self,
        around: Surroundings = ALONE,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        super().__init__("play_client", around)
        if not self.values["song"] or not self.values["run"]:
            raise NodeError("node 'play_client' needs the parameters 'song' and 'run'")
        self.folder: Path | None = None
        self._run = RunFolder(Path(str(self.values["run"])))
        self._on_progress = on_progress or self._log
        self._logged: tuple[str, int] = ("", 0)
        self._ending = threading.Event()
        self._action = ActionClient(self, Play, PLAY)
        self._recorder = self.create_client(Trigger, RECORDER_STOP)
        self._work = threading.Thread(target=self._work_through, name="play_client", daemon=True)

    def start(self) -> None:
        """Begin to answer and send the goal."""
        super().start()
        self._work.start()

    def stop(self) -> None:
        """Call off what is not finished; of a simulated run no half-written folder is left then.

        What is left of one on hardware is the front end's: the recorder may still be writing.
        """
        self._ending.set()
        if self._work.is_alive():
            self._work.join(timeout=CANCEL_S + 1.0)
        if self.folder is None and self.values["mode"] == "sim":
            self._run.discard()
        super().stop()

    def release(self) -> None:
        """Close the action's client."""
        self._action.destroy()

    def _work_through(self) -> None:
        try:
            result = self._play()
            self._finish_recording()
            self.folder = self._run.finish()
            self._log_result(result.performance)
        except DaCapoError as error:
            self.fail(str(error))
        self.ended.set()

    def _play(self) -> Play.Result:
        if not self._await(self._action.server_is_ready, SERVER_S):
            raise NodeError(f"nobody answers to {PLAY}: is the node 'player' running?")
        goal = Play.Goal(song=str(self.values["song"]), folder=str(self._run.partial))
        asked = self._ask(lambda: self._action.send_goal_async(goal, self._take_feedback))
        if not self._wait(asked.done, CANCEL_S):
            raise NodeError(f"the player does not answer on {PLAY}: start again")
        if not asked.result().accepted:
            raise NodeError("the player takes no song: it plays another one, or it is ending")
        outcome = self._ask(asked.result().get_result_async)
        if not self._await(outcome.done):
            cancelled = self._ask(asked.result().cancel_goal_async)
            self._wait(
                lambda: (cancelled.done() and outcome.done()) or not self._action.server_is_ready(),
                CANCEL_S,
            )
            raise NodeError("the performance was called off; there is no result")
        result: Play.Result = outcome.result().result
        if not result.success:
            raise NodeError(result.message)
        return result

    def _ask(self, call: Callable[[], Future]) -> Future:
        """What the action's client gives, called on the executor's thread.

        It notes what it asked for only after it has asked: an answer that another thread takes in
        between is thrown away, and nobody would hear of it.
        """
        asked = self.soon(call)
        if not self._wait(asked.done, CANCEL_S):
            raise NodeError(f"no time to ask on {PLAY}: this computer has too much to do")
        return asked.result()

    def _finish_recording(self) -> None:
        """Let the recorder close its file before the folder gets its name."""
        if not self._await(self._recorder.service_is_ready, 2.0):
            raise NodeError(f"nobody answers to {RECORDER_STOP}: is the node 'recorder' running?")
        closed = self._recorder.call_async(Trigger.Request())
        if not self._await(closed.done, RECORDING_S):
            raise NodeError("the recorder does not finish its recording")
        if not closed.result().success:  # the performance is whole all the same
            self.get_logger().warning(closed.result().message)

    def _await(self, done: Callable[[], bool], timeout_s: float = math.inf) -> bool:
        """Whether something was done in time, before the end of this node."""
        return self._wait(lambda: done() or self._ending.is_set(), timeout_s) and done()

    @staticmethod
    def _wait(done: Callable[[], bool], timeout_s: float) -> bool:
        give_up_at = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > give_up_at:
                return False
            time.sleep(_POLL_S)
        return True

    def _take_feedback(self, message: Any) -> None:  # noqa: ANN401  # rclpy makes the type up
        self._on_progress(progress_of(message.feedback))

    def _log(self, now: Progress) -> None:
        """Without somebody who shows progress: a line per stage, and one every two seconds."""
        playing = now.stage is Stage.PLAYING
        step = int(now.score_time_s // 2) if playing else 0
        if (now.stage, step) != self._logged:
            self._logged = (now.stage, step)
            told = (
                f" {now.score_time_s:.1f} of {now.duration_s:.1f} s, "
                f"frame F1 so far {now.frame_f1:.3f}"
            )
            self.get_logger().info(now.stage + (told if playing else ""))

    def _log_result(self, performance: Performance) -> None:
        self.get_logger().info(
            f"{performance.song}: frame F1 {performance.frame_f1:.3f}, "
            f"note F1 {performance.note_f1_50ms:.3f}, {performance.wrong_keys} wrong keys; "
            f"results in {self.folder}"
        )

"""The node `player`: plays songs on whatever hand and keyboard are in the graph."""

from __future__ import annotations

import threading
import time
import traceback
from pathlib import Path

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle

from piano_msgs import msg
from piano_msgs.action import Play
from piano_nodes import conversions
from piano_nodes.graph import MODES, POLICY, RIG
from piano_nodes.graph_rig import GraphRig
from piano_nodes.names import PERFORMANCE, PLAY
from piano_nodes.node import ALONE, REALTIME, PianoNode, Surroundings
from piano_nodes.parameters import Setting
from piano_nodes.qos import RESULTS
from piano_nodes.session import Cancelled, perform, prepare
from policies.performer import Progress, Stage
from policies.results import RunResult, write_results
from policies.run_folder import RunFolder
from score import DaCapoError, score_performance
from sim import build_model, load_rig, read_parameters
from sim.realtime import leave_realtime

ASKER_S = 2.0
"""How long discovery may take to show who asks for a song: below what askers wait."""


class Player(PianoNode):
    """Answers `/play`: loads song and policy, runs the control loop, scores, writes results.

    A thread per performance steps the control loop on the first joint state at its deadline and
    sends its targets at once.
    """

    SETTINGS = (
        Setting("rig", RIG, "name of a rig, or path of a rig file"),
        Setting("policy", POLICY, "planner, zoo, or path of a bundle; empty: the zoo if it can"),
        Setting("mode", MODES[0], "what the rig in the graph is", choices=MODES),
        Setting("params", "", "physics parameters file; empty: the rig's nominal ones"),
        Setting("out", "runs", "folder of runs, for goals that name no folder"),
        REALTIME,
    )

    def __init__(self, around: Surroundings = ALONE) -> None:
        super().__init__("player", around)
        self._model = build_model(load_rig(str(self.values["rig"])))
        if self.values["params"]:
            known = read_parameters(Path(str(self.values["params"])), self._model.rig)
            self._model = known.apply(self._model)
        self._goal: ServerGoalHandle | None = None
        self._performance: threading.Thread | None = None
        self._ending = threading.Event()
        self._scheduling = "not started"
        self._rig = GraphRig(self, self._model.joint_names, self._cancelled)
        self._results = self.create_publisher(msg.Performance, PERFORMANCE, RESULTS)
        self._server = ActionServer(
            self,
            Play,
            PLAY,
            execute_callback=_never,
            goal_callback=self._accept,
            handle_accepted_callback=self._begin,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
        self.every(1.0, self._report)

    def stop(self) -> None:
        """Call off the performance, let the hand stop, then end."""
        self._ending.set()
        self._rig.end()
        if self._performance is not None:
            self._performance.join(timeout=3.0)
        super().stop()

    def release(self) -> None:
        """Close the action."""
        self._server.destroy()

    def _cancelled(self) -> bool:
        """Whether the goal was called off or the node ends."""
        goal = self._goal
        return self._ending.is_set() or (goal is not None and goal.is_cancel_requested)

    # ROS callbacks, all on the executor's thread. ---------------------------------------------

    def _accept(self, _: Play.Goal) -> GoalResponse:
        self._await_asker()
        busy = self._performance is not None and self._performance.is_alive()
        return GoalResponse.REJECT if busy or self._ending.is_set() else GoalResponse.ACCEPT

    def _await_asker(self) -> None:
        """ROS drops an answer to somebody whom discovery has not shown yet.

        An action client listens to feedback last: once that is seen, so is where answers go.
        """
        give_up_at = time.monotonic() + ASKER_S
        while not self.count_subscribers(f"{PLAY}/_action/feedback"):
            if time.monotonic() > give_up_at or self._ending.wait(0.01):
                return

    def _begin(self, goal: ServerGoalHandle) -> None:
        self._goal = goal
        self._performance = threading.Thread(
            target=self._play, args=(goal,), name="player performance", daemon=True
        )
        self._performance.start()

    def _report(self) -> None:
        performer = self._rig.performer
        values = {"scheduling": self._scheduling, "playing": performer is not None}
        if performer is not None:
            timing = performer.loop_timing()
            values |= {"missed": timing.missed, "period_ms_p99": timing.period_ms_p99}
        self.publish_diagnostics("", values)

    # The thread of a performance. -------------------------------------------------------------

    def _play(self, goal: ServerGoalHandle) -> None:
        """Play, then let the executor deliver the result: a coroutine would keep it spinning."""
        result = Play.Result(folder=goal.request.folder)
        try:
            result.performance, folder = self._perform(goal)
            result.success, result.folder = True, str(folder)
        except Cancelled:
            self._rig.rest()
            result.message = "the performance was called off"
        except DaCapoError as error:
            result.message = str(error)
        except Exception as error:  # a bug: whoever waits for the result shall hear of it
            self.get_logger().error(traceback.format_exc())
            result.message = f"the player failed: {error!r}"
        failed = self._rig.performer is not None and not (result.success or self._cancelled())
        self._rig.performer = None
        if failed:  # while it played: who knows why, so nothing moves before somebody has looked
            self._rig.stop()
        told = threading.Event()
        goal.execute(lambda handle: _conclude(handle, result, told))
        told.wait(timeout=1.0)  # a node that ends meanwhile waits for this thread

    def _perform(self, goal: ServerGoalHandle) -> tuple[msg.Performance, Path]:
        song, folder = str(goal.request.song), str(goal.request.folder)
        run = None if folder else RunFolder.create(Path(str(self.values["out"])), song)
        try:
            result, message = self._perform_song(song, goal)
            self._results.publish(message)
            self._feedback(goal, Progress(Stage.SCORING))
            write_results(result, Path(folder) if run is None else run.partial)
        except BaseException:
            if run is not None:
                run.discard()
            raise
        return message, Path(folder) if run is None else run.finish()

    def _perform_song(self, song: str, goal: ServerGoalHandle) -> tuple[RunResult, msg.Performance]:
        leave_realtime()  # planning takes a core, too, and must not keep others waiting
        self._feedback(goal, Progress(Stage.LOADING))
        policy, mode = str(self.values["policy"]), str(self.values["mode"])
        fitted = bool(self.values["params"])
        performer, goals = prepare(song, self._model, policy, mode, fitted=fitted)
        self._rig.await_keyboard()
        self._scheduling = self.request_realtime()
        perform(performer, self._rig, lambda now: self._feedback(goal, now))
        self._rig.rest()
        leave_realtime()  # scoring and reports take a core for a second
        performance = score_performance(
            goals,
            performer.events(),
            rig=self._model.rig.name,
            mode=mode,
            policy=performer.policy_name,
            loop=performer.loop_timing(),
        )
        message = conversions.performance_message(performance, performer.score_zero_ns)
        events, trace = performer.events(), performer.trace()
        return RunResult(self._model, goals, events, performance, trace), message

    def _feedback(self, goal: ServerGoalHandle, progress: Progress) -> None:
        goal.publish_feedback(conversions.feedback_message(progress))


def _never(_: ServerGoalHandle) -> Play.Result:
    raise AssertionError("goals are executed by their performance")


def _conclude(handle: ServerGoalHandle, result: Play.Result, told: threading.Event) -> Play.Result:
    if result.success:
        handle.succeed()
    elif handle.is_cancel_requested:
        handle.canceled()
    else:
        handle.abort()
    told.set()
    return result

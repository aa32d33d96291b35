"""The node `player`: plays songs on whatever hand and keyboard are in the graph."""

from __future__ import annotations

import array
import threading
import time
import traceback
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.client import Client
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from piano_msgs import msg
from piano_msgs.action import Play
from piano_msgs.msg import KeyEvent
from piano_nodes import conversions
from piano_nodes.graph import MODES, POLICY, RIG
from piano_nodes.names import (
    HAND_REST,
    HAND_STOP,
    JOINT_STATES,
    JOINT_TRAJECTORY,
    KEY_EVENTS,
    PERFORMANCE,
    PLAY,
)
from piano_nodes.node import ALONE, REALTIME, PianoNode, Surroundings
from piano_nodes.parameters import Setting
from piano_nodes.qos import EVENTS, RESULTS, STATES, TARGETS
from piano_nodes.session import Cancelled, JointReading, perform, prepare
from piano_nodes.trouble import Trouble
from policies.performer import ON_THE_GRID, Performer, Progress, RigTiming, Stage
from policies.results import RunResult, write_results
from policies.run_folder import RunFolder
from score import DaCapoError, score_performance
from sim import build_model, load_rig
from sim.realtime import leave_realtime

YIELD_S = 0.001
"""How long the executor leaves the interpreter to the control loop that it has just woken [s]."""

OVER_THE_BUS = RigTiming(jitter_s=0.005, lead_s=0.0125)
"""Of a rig behind a bus of 100 Hz and a MIDI port. The lead is the jitter and what an emulated rig
in the nominal world was measured to take on top, so that its onsets are those of mode sim."""

_NOTHING = 2**63


class Player(PianoNode):
    """Answers `/play`: loads song and policy, runs the control loop, scores, writes results.

    The executor's thread takes joint states and key events; a thread per performance steps the
    control loop on the first state at its deadline and sends its targets at once.
    """

    SETTINGS = (
        Setting("rig", RIG, "name of a rig, or path of a rig file"),
        Setting("policy", POLICY, "planner, zoo, or path of a bundle; empty: the zoo if it can"),
        Setting("mode", MODES[0], "what the rig in the graph is", choices=MODES),
        Setting("out", "runs", "folder of runs, for goals that name no folder"),
        REALTIME,
    )

    def __init__(self, around: Surroundings = ALONE) -> None:
        super().__init__("player", around)
        self._model = build_model(load_rig(str(self.values["rig"])))
        self._trouble = Trouble(self)
        self._performer: Performer | None = None
        self._goal: ServerGoalHandle | None = None
        self._performance: threading.Thread | None = None
        self._ending = threading.Event()
        self._scheduling = "not started"
        self._reading: JointReading | None = None
        self._news = threading.Condition()
        self._awaited_ns = _NOTHING
        self._order: dict[tuple[str, ...], NDArray[np.intp] | None] = {}
        # Events first: an executor takes what is ready in this order, so a policy sees the keys
        # of the moment whose joint state it answers.
        self.create_subscription(KeyEvent, KEY_EVENTS, self._take_event, EVENTS)
        self.create_subscription(JointState, JOINT_STATES, self._take_state, STATES)
        self._message = JointTrajectory(
            joint_names=list(self._model.joint_names), points=[JointTrajectoryPoint()]
        )
        self._targets = self.create_publisher(JointTrajectory, JOINT_TRAJECTORY, TARGETS)
        self._results = self.create_publisher(msg.Performance, PERFORMANCE, RESULTS)
        self._hand_stop = self.create_client(Trigger, HAND_STOP)
        self._hand_rest = self.create_client(Trigger, HAND_REST)
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
        with self._news:
            self._news.notify_all()
        if self._performance is not None:
            self._performance.join(timeout=3.0)
        super().stop()

    def release(self) -> None:
        """Close the action."""
        self._server.destroy()

    # What a session needs of the world (RigPort). -------------------------------------------

    def wait_for_state(self, after_ns: int, timeout_s: float) -> JointReading | None:
        """The first joint state at or after a time; None when none came, or the node ends."""

        def has_come() -> bool:
            late_enough = self._reading is not None and self._reading.time_ns >= after_ns
            return late_enough or self._ending.is_set()

        with self._news:
            self._awaited_ns = after_ns
            self._news.wait_for(has_come, timeout_s)
            reading = self._reading
        return reading if reading is not None and reading.time_ns >= after_ns else None

    def send(self, targets: NDArray[np.float64]) -> None:
        """Send joint targets; stamp 0 means now, as trajectory controllers expect."""
        self._message.points[0].positions = array.array("d", targets.tobytes())
        self._targets.publish(self._message)

    def attend(self, performer: Performer) -> None:
        """Hand key events to this performer from now on."""
        self._performer = performer

    def cancelled(self) -> bool:
        """Whether the goal was called off or the node ends."""
        goal = self._goal
        return self._ending.is_set() or (goal is not None and goal.is_cancel_requested)

    def trouble(self) -> str:
        """Why hand or keyboard are of no use; empty when they are."""
        return str(self._trouble)

    # ROS callbacks, all on the executor's thread. ---------------------------------------------

    def _take_state(self, message: JointState) -> None:
        order = self._order_of(tuple(message.name))
        if order is None:
            return
        reading = JointReading(
            self.monotonic_ns(message.header.stamp),
            np.asarray(message.position)[order],
            np.asarray(message.velocity)[order],
        )
        with self._news:
            self._reading = reading
            awaited = reading.time_ns >= self._awaited_ns
            if awaited:
                self._awaited_ns = _NOTHING
                self._news.notify_all()
        if awaited:
            time.sleep(YIELD_S)

    def _take_event(self, message: KeyEvent) -> None:
        if self._performer is not None:
            try:
                self._performer.key_event(
                    message.monotonic_ns, message.key, message.down, message.velocity
                )
            except DaCapoError as error:
                self.get_logger().error(str(error), throttle_duration_sec=5.0)

    def _accept(self, _: Play.Goal) -> GoalResponse:
        busy = self._performance is not None and self._performance.is_alive()
        return GoalResponse.REJECT if busy or self._ending.is_set() else GoalResponse.ACCEPT

    def _begin(self, goal: ServerGoalHandle) -> None:
        self._goal = goal
        self._performance = threading.Thread(
            target=self._play, args=(goal,), name="player performance", daemon=True
        )
        self._performance.start()

    def _report(self) -> None:
        performer = self._performer
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
            self._rest_hand()
            result.message = "the performance was called off"
        except DaCapoError as error:
            result.message = str(error)
        except Exception as error:  # a bug: whoever waits for the result shall hear of it
            self.get_logger().error(traceback.format_exc())
            result.message = f"the player failed: {error!r}"
        failed = bool(self._performer) and not (result.success or self.cancelled())
        self._performer = None
        if failed:  # while it played: who knows why, so nothing moves before somebody has looked
            self._ask_hand(self._hand_stop)
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
        policy = str(self.values["policy"])
        timing = ON_THE_GRID if self.values["mode"] == "sim" else OVER_THE_BUS
        performer, goals = prepare(song, self._model, policy, timing)
        self._trouble.await_tellers(KEY_EVENTS)
        self._scheduling = self.request_realtime()
        perform(performer, self, lambda now: self._feedback(goal, now))
        self._rest_hand()
        leave_realtime()  # scoring and reports take a core for a second
        performance = score_performance(
            goals,
            performer.events(),
            rig=self._model.rig.name,
            mode=str(self.values["mode"]),
            policy=performer.policy_name,
            loop=performer.loop_timing(),
        )
        message = conversions.performance_message(performance, performer.score_zero_ns)
        events, trace = performer.events(), performer.trace()
        return RunResult(self._model, goals, events, performance, trace), message

    def _feedback(self, goal: ServerGoalHandle, progress: Progress) -> None:
        goal.publish_feedback(conversions.feedback_message(progress))

    def _rest_hand(self) -> None:
        """Have the hand stay where it is until another song; no command may overtake that."""
        with self._news:
            reading = self._reading
        if not self._ask_hand(self._hand_rest) and reading is not None:
            self.send(reading.positions)

    def _ask_hand(self, service: Client) -> bool:
        """Call a service of the hand and wait for the answer; False where there is none."""
        if not service.service_is_ready():
            return False
        answered = threading.Event()
        future = service.call_async(Trigger.Request())
        future.add_done_callback(lambda _: answered.set())
        if not answered.wait(timeout=1.0):
            self.get_logger().warning(f"the hand did not answer {service.srv_name}")
        return True

    def _order_of(self, names: tuple[str, ...]) -> NDArray[np.intp] | None:
        """Where our joints are in a message with these names; None when one is missing."""
        if names not in self._order:
            missing = set(self._model.joint_names) - set(names)
            if missing:
                self.get_logger().error(f"joint states lack {sorted(missing)}: is it another rig?")
            order = [] if missing else [names.index(name) for name in self._model.joint_names]
            self._order[names] = np.array(order) if order else None
        return self._order[names]


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

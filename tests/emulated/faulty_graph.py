"""A graph on a rig that breaks: hand and keyboard stay up from one song to the next."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from hardware.hand.device import nominal_device, write_device
from piano_msgs.msg import KeyEvent
from piano_nodes import qos
from piano_nodes.companions import NodeCompanion
from piano_nodes.compose import run_graph
from piano_nodes.ending import give_up
from piano_nodes.errors import NodeError
from piano_nodes.graph import Graph, NodeSpec, play_graph
from piano_nodes.names import DIAGNOSTICS, HAND_RESET, JOINT_STATES, KEY_EVENTS
from piano_nodes.node import UNUSABLE
from piano_nodes.process import prepare_environment
from policies.performer import Progress, Stage
from policies.run_folder import RunFolder
from score import DaCapoError, Performance
from sim import load_rig
from tests.emulated.faulty_rig import FaultyRig
from tests.emulated.graph import Beside, until
from tests.emulated.processes import own_children
from tests.emulated.stepped_clock import SteppedClock


@dataclass(frozen=True)
class Told:
    """What a node said about itself, and when, by its own stamp."""

    time_ns: int
    name: str
    message: str
    unusable: bool


@dataclass(frozen=True)
class Outcome:
    """What came of a song.

    Attributes:
        folder: Of the run, or of what is left of it.
        failure: Why it failed; empty when it did not.
        broken_ns: When it was that something broke.
    """

    folder: Path
    failure: str
    broken_ns: int

    @property
    def performance(self) -> Performance:
        """How well was played, if it did not fail."""
        return Performance.from_json((self.folder / "performance.json").read_bytes())


class FaultyGraph:
    """Rig, hand and keyboard as processes; everything else begins and ends with a song.

    Args:
        folder: For all files.
        song: What is played.
    """

    def __init__(self, folder: Path, song: Path) -> None:
        prepare_environment()
        self.folder, self.song = folder, song
        self.clock = SteppedClock(folder)
        self._offset_ns = time.time_ns() - time.monotonic_ns()
        self.port, self._device = folder / "motors", folder / "hand.yaml"
        self._midi = f"Faulty {os.getpid()}"
        write_device(nominal_device(load_rig("leap_rail_49"), "bench"), self._device)
        self.rig = FaultyRig(self.port, self._midi)
        self._beside = Listener(self._offset_ns)
        self._hand: NodeCompanion | None = None
        self._keyboard = self.process("keyboard", longest_press_s=0.45)

    def graph(self, run: Path) -> Graph:
        """All nodes of a run."""
        told = {"device": str(self._device), "port": str(self.port), "keyboard": self._midi}
        folder = RunFolder(run).partial
        song = str(self.song)
        graph = play_graph(song, run=run, partial=folder, mode="real", policy="planner", **told)
        same = {"clock_offset_ns": self._offset_ns}
        return Graph(tuple(replace(s, parameters={**s.parameters, **same}) for s in graph.nodes))

    def process(self, node: str, run: Path | None = None, **given: float) -> NodeCompanion:
        """One node as a process, on the clock that can be stepped."""
        graph = self.graph(run or self.folder / "none")
        spec = next(spec for spec in graph.nodes if spec.name == node)
        spec = replace(spec, parameters={**spec.parameters, **given})
        return NodeCompanion(spec, self.clock.environment)

    def ready(self) -> None:
        """Have a rig without faults, and a hand that is up and rests."""
        self.rig.ask("mend")
        if self._hand is None or not until(self.reset_hand, 1.0):
            self._begin_anew()
        self._beside.told.clear()
        if not until(self._all_well, 3.0):
            self._begin_anew()

    def reset_hand(self) -> bool:
        """Ask for a reset of the hand; whether it takes targets again."""
        return self._beside.reset()

    def _begin_anew(self) -> None:
        if self._hand is not None:
            self._hand.close()
        self.rig.ask("power")
        self._hand = self.process("hand")
        self._beside.states = 0
        assert until(lambda: self._beside.states > 3, 30.0), "the hand does not come up"

    def _all_well(self) -> bool:
        last = {told.name: told.unusable for told in list(self._beside.told)}
        return not any(last.get(name, True) for name in ("hand", "keyboard"))

    def new_run(self) -> RunFolder:
        """A folder for a run."""
        return RunFolder.create(self.folder / "runs", str(self.song))

    def play(self, break_it: Callable[[], object] = lambda: None, after_s: float = 0.3) -> Outcome:
        """Play the song, and break something some time after its first note is due.

        What a computer with too much to do breaks before that does not count.
        """
        for _ in range(2):
            outcome = self._play(break_it, after_s)
            if outcome.broken_ns or "this computer left" not in outcome.failure:
                break
            self.ready()
        return outcome

    def _play(self, break_it: Callable[[], object], after_s: float) -> Outcome:
        run, broken = self.new_run(), Breaker(break_it, after_s)
        failure, folder = "", run.path
        nodes: tuple[NodeSpec, ...] = tuple(s for s in self.graph(run.path).nodes if not s.alone)
        try:
            run_graph(Graph(nodes), broken)
        except DaCapoError as error:
            failure = str(error)
            folder = give_up(run, "real") or run.path
        return Outcome(folder, failure, broken.time_ns)

    @contextmanager
    def apart(self) -> Iterator[RunFolder]:
        """The song with a process for every node, from its first key on."""
        for attempt in range(3):
            run = self.new_run()
            nodes: list[NodeCompanion] = []
            try:
                self._begin_apart(run, nodes)
            except NodeError as error:
                self._end_apart(nodes)
                if attempt == 2 or "this computer left" not in str(error):
                    raise
                self.ready()
            else:
                break
        try:
            yield run
        finally:
            self._end_apart(nodes)

    def _begin_apart(self, run: RunFolder, nodes: list[NodeCompanion]) -> None:
        nodes.append(self.process("recorder", run.path))
        assert until(lambda: "recorder" in self._beside.names(), 20.0)
        self._beside.keys = 0
        nodes.extend(self.process(name, run.path) for name in ("player", "play_client"))
        until(lambda: self._beside.keys > 0 or nodes[-1].ended(), 30.0)
        for node in nodes:
            node.check()

    @staticmethod
    def _end_apart(nodes: list[NodeCompanion]) -> None:
        for name in ("play_client", "player"):  # whatever they are at
            for number in own_children(f"e.{name}()"):
                os.kill(number, signal.SIGKILL)
        for node in nodes:
            node.close()

    def first(self, outcome: Outcome, node: str, words: str) -> float:
        """How long after the fault a node spoke of it [s]."""

        def heard() -> list[Told]:
            told = list(self._beside.told)
            return [t for t in told if t.name == node and words in t.message]

        assert until(lambda: bool(heard()), 3.0), f"{node} never said '{words}'"
        return (heard()[0].time_ns - outcome.broken_ns) / 1e9

    def close(self) -> None:
        """End all processes."""
        if self._hand is not None:
            self._hand.close()
        self._keyboard.close()
        self._beside.end()
        self.rig.close()


class Breaker:
    """Breaks something while a song is being played; what a front end tells its progress to."""

    def __init__(self, break_it: Callable[[], object], after_s: float) -> None:
        self._break_it, self._after_s = break_it, after_s
        self._started = False
        self.time_ns = 0

    def __call__(self, progress: Progress) -> None:
        """Take note of progress."""
        if progress.stage is Stage.PLAYING and not self._started:
            self._started = True
            threading.Timer(self._after_s, self._break).start()

    def _break(self) -> None:
        self.time_ns = time.monotonic_ns()
        self._break_it()


class Listener(Beside):
    """A node beside the graph that hears what hand and keyboard say."""

    def __init__(self, offset_ns: int) -> None:
        self.context = Context()
        self._offset_ns = offset_ns
        rclpy.init(context=self.context, signal_handler_options=SignalHandlerOptions.NO)
        super().__init__(self.context)
        self.told: list[Told] = []
        self.states, self.keys = 0, 0
        self.node.create_subscription(KeyEvent, KEY_EVENTS, self._count_key, qos.EVENTS)
        self.node.create_subscription(DiagnosticArray, DIAGNOSTICS, self._take, qos.DIAGNOSTICS)
        self.node.create_subscription(JointState, JOINT_STATES, self._count, qos.STATES)
        self._reset = self.node.create_client(Trigger, HAND_RESET)

    def names(self) -> set[str]:
        """Nodes that said something."""
        return {each.name for each in list(self.told)}

    def reset(self) -> bool:
        """Reset the hand, if it is there and can be."""
        if not self._reset.wait_for_service(timeout_sec=0.5):
            return False
        answer = self._reset.call_async(Trigger.Request())
        return until(answer.done, 2.0) and bool(answer.result().success)

    def end(self) -> None:
        """End it."""
        self.close()
        self.context.try_shutdown()

    def _take(self, message: DiagnosticArray) -> None:
        stamp = message.header.stamp
        when_ns = stamp.sec * 10**9 + stamp.nanosec - self._offset_ns
        for status in message.status:
            unusable = any(pair.key == UNUSABLE for pair in status.values)
            self.told.append(Told(when_ns, status.name, status.message, unusable))

    def _count(self, _: JointState) -> None:
        self.states += 1

    def _count_key(self, _: KeyEvent) -> None:
        self.keys += 1

"""The graph that plays a song, without a `ros2` command: for machines that have only rclpy.

All nodes share this process, except those that drive devices.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions

from piano_nodes.companions import Companion, EmulatorCompanion, NodeCompanion
from piano_nodes.domain import DomainLock
from piano_nodes.ending import give_up
from piano_nodes.errors import NodeError
from piano_nodes.executables import NODES
from piano_nodes.graph import FRONT_END, PLAY_ARGUMENTS, Graph, NodeSpec, play_graph
from piano_nodes.modes import check_mode
from piano_nodes.node import PianoNode, Surroundings
from piano_nodes.play_client import PlayClient
from piano_nodes.process import parent_watch, prepare_environment
from piano_nodes.signals import signals_as_interrupts, undisturbed
from policies.performer import Progress
from policies.run_folder import RunFolder
from score import DaCapoError, Performance

SWITCH_INTERVAL_S = 0.0005
"""How long a thread may keep the interpreter from another [s]; Python's 5 ms are a physics step."""

_POLL_S = 0.05


@dataclass(frozen=True)
class Played:
    """What came of a song.

    Attributes:
        performance: How well it was played.
        folder: The run's folder.
    """

    performance: Performance
    folder: Path


def play(
    song: str,
    *,
    out: Path = Path("runs"),
    on_progress: Callable[[Progress], None] | None = None,
    **asked: str,
) -> Played:
    """Play one song through a real ROS graph in this process.

    Args:
        song: Name in the library, or path of a MIDI file.
        out: Folder of runs.
        on_progress: Is called a few times a second, from another thread.
        asked: Any other of `graph.PLAY_ARGUMENTS`.

    Raises:
        DaCapoError: when something does not work. Nothing half-written is left, but on hardware the
            recording, in `<run>-failed`.
        KeyboardInterrupt: on SIGINT or SIGTERM, or when the process that `process.FOLLOW_PARENT`
            names is gone, after the hand was stopped and all is cleared up.
    """
    prepare_environment()
    given = {a.name: a.default for a in PLAY_ARGUMENTS if a.default is not None} | asked
    del given["out"]
    with DomainLock(), signals_as_interrupts(), _quick_switching():
        check_mode(given)
        run = RunFolder.create(Path(out), song)
        try:
            run_graph(play_graph(song, run=run.path, partial=run.partial, **given), on_progress)
            written = (run.path / "performance.json").read_bytes()
            return Played(Performance.from_json(written), run.path)
        except DaCapoError as error:
            kept = give_up(run, given["mode"])
            if kept is None:
                raise
            raise NodeError(f"{error}; what was recorded until then is in {kept}") from error
        finally:
            give_up(run, given["mode"])


def node_class(executable: str) -> Callable[[Surroundings], PianoNode]:
    """The class of a node; its packages are imported only where the node is used."""
    module, name = NODES[executable]
    kind: Callable[[Surroundings], PianoNode] = getattr(importlib.import_module(module), name)
    return kind


def run_graph(graph: Graph, on_progress: Callable[[Progress], None] | None) -> None:
    """Start the nodes, wait for the front end's end, stop them in the opposite order.

    Args:
        graph: What to start.
        on_progress: See `play`.

    Raises:
        DaCapoError: when a node failed or a process ended.
        KeyboardInterrupt: see `play`.
    """
    context = Context()
    # The caller tells progress and errors; the nodes speak up only when something is odd.
    quiet = ["--ros-args", "--log-level", "warn"]
    rclpy.init(args=quiet, context=context, signal_handler_options=SignalHandlerOptions.NO)
    nodes: list[PianoNode] = []
    beside: list[Companion] = []
    try:
        if graph.emulator is not None:
            beside.append(EmulatorCompanion(graph.emulator, graph.environment))
        for spec in graph.nodes:
            if spec.alone:
                beside.append(NodeCompanion(spec, graph.environment))
        for spec in graph.nodes:
            if not spec.alone:
                nodes.append(_make(spec, context, on_progress))
                nodes[-1].start()
        _wait(nodes, beside)
        for node in nodes:
            if node.failure:
                raise NodeError(node.failure)
    finally:
        with undisturbed():
            for node in reversed(nodes):
                node.stop()
            context.try_shutdown()
            for companion in reversed(beside):
                companion.close()


def _wait(nodes: Sequence[PianoNode], beside: Sequence[Companion]) -> None:
    """Until a node has ended, while all that must be there is."""
    abandoned = parent_watch()
    while not any(node.ended.is_set() for node in nodes):
        for companion in beside:
            companion.check()
        if abandoned():
            raise KeyboardInterrupt
        time.sleep(_POLL_S)


def _make(
    spec: NodeSpec, context: Context, on_progress: Callable[[Progress], None] | None
) -> PianoNode:
    around = Surroundings(context, spec.parameters, spec.remappings)
    if spec.name == FRONT_END:
        return PlayClient(around, on_progress)
    return node_class(spec.executable)(around)


@contextmanager
def _quick_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)

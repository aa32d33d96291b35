"""The graph that plays a song, in one process: for machines that have rclpy but no `ros2`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions

from piano_nodes.domain import DomainLock
from piano_nodes.errors import NodeError
from piano_nodes.graph import FRONT_END, POLICY, RIG, NodeSpec, play_graph
from piano_nodes.node import PianoNode, Surroundings
from piano_nodes.play_client import PlayClient
from piano_nodes.player import Player
from piano_nodes.process import prepare_environment
from piano_nodes.recorder import Recorder
from piano_nodes.signals import signals_as_interrupts, undisturbed
from piano_nodes.sim_rig import SimRig
from policies.performer import Progress
from policies.run_folder import RunFolder
from score import Performance

EXECUTABLES: dict[str, Callable[[Surroundings], PianoNode]] = {
    "sim_rig": SimRig,
    "player": Player,
    "recorder": Recorder,
}
"""The class behind each executable that is not the front end itself."""

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
    rig: str = RIG,
    mode: str = "sim",
    policy: str = POLICY,
    params: str = "",
    out: Path = Path("runs"),
    on_progress: Callable[[Progress], None] | None = None,
) -> Played:
    """Play one song through a real ROS graph in this process.

    Args:
        song: Name in the library, or path of a MIDI file.
        rig: Name, or path of a rig file.
        mode: One of `graph.MODES`.
        policy: `planner`, `zoo` or path of a policy bundle; empty: the zoo if it can.
        params: Physics parameters file; empty for the nominal ones.
        out: Folder of runs.
        on_progress: Is called a few times a second, from another thread.

    Raises:
        DaCapoError: when something does not work; nothing half-written is left.
        KeyboardInterrupt: on SIGINT or SIGTERM, after the hand was stopped and all is cleared up.
    """
    prepare_environment()
    with DomainLock(), signals_as_interrupts(), _quick_switching():
        run = RunFolder.create(Path(out), song)
        try:
            specs = play_graph(
                song,
                rig=rig,
                mode=mode,
                policy=policy,
                params=params,
                run=run.path,
                partial=run.partial,
            )
            _run_graph(specs, on_progress)
            return Played(
                Performance.from_json((run.path / "performance.json").read_bytes()), run.path
            )
        finally:
            run.discard()


def _run_graph(specs: Sequence[NodeSpec], on_progress: Callable[[Progress], None] | None) -> None:
    """Start the nodes, wait for the front end's end, stop them in the opposite order."""
    context = Context()
    # The caller tells progress and errors; the nodes speak up only when something is odd.
    quiet = ["--ros-args", "--log-level", "warn"]
    rclpy.init(args=quiet, context=context, signal_handler_options=SignalHandlerOptions.NO)
    nodes: list[PianoNode] = []
    try:
        for spec in specs:
            nodes.append(_make(spec, context, on_progress))
            nodes[-1].start()
        while not any(node.ended.is_set() for node in nodes):
            time.sleep(_POLL_S)
        for node in nodes:
            if node.failure:
                raise NodeError(node.failure)
    finally:
        with undisturbed():
            for node in reversed(nodes):
                node.stop()
            context.try_shutdown()


def _make(
    spec: NodeSpec, context: Context, on_progress: Callable[[Progress], None] | None
) -> PianoNode:
    around = Surroundings(context, spec.parameters, spec.remappings)
    if spec.name == FRONT_END:
        return PlayClient(around, on_progress)
    return EXECUTABLES[spec.executable](around)


@contextmanager
def _quick_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)

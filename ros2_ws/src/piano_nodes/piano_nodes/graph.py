"""The graph that plays a song: its nodes, their parameters and the arguments of its front ends.

Written once; the launch file starts these nodes as processes, `compose` in one process. Knows
neither ROS nor the cores, so it imports at once, anywhere.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

RIG = "leap_rail_49"
POLICY = ""
"""Nobody in particular: the zoo's policy where it has one for the song, else the planner."""
MODES = ("sim", "emulated", "real")
"""What the rig in the graph can be."""
NOMINAL = "nominal"
"""The world without surprises, and the device built exactly to plan, as emulated ones are."""
JACK_SERVER = "JACK_DEFAULT_SERVER"
"""Environment variable of JACK: the one server that clients speak to."""
EMULATOR_S = 20.0
"""How long an emulated rig may take to appear [s]: its process starts together with the nodes."""

Values = Mapping[str, str | int | float | bool]
"""Parameters of a node by name."""


@dataclass(frozen=True)
class Argument:
    """An argument of a front end.

    Attributes:
        name: As users write it.
        description: One line.
        default: None when the argument is required.
        choices: The values allowed; empty for any.
        modes: The modes in which it may be given.
    """

    name: str
    description: str
    default: str | None = None
    choices: tuple[str, ...] = ()
    modes: tuple[str, ...] = MODES


PLAY_ARGUMENTS = (
    Argument("song", "name in the song library, or path of a MIDI file"),
    Argument("rig", "name of a rig, or path of a rig file", RIG),
    Argument(
        "mode",
        "what plays: sim is the nominal simulator, emulated a world behind a serial device and a "
        "MIDI port, real the hardware",
        MODES[0],
        MODES,
    ),
    Argument("policy", "planner, zoo, or path of a bundle; empty: the zoo if it can", POLICY),
    Argument(
        "params",
        "file of the physics that the policy plays for, in mode sim also the simulator's; empty: "
        "the rig's nominal ones",
        "",
    ),
    Argument("world", "world of mode emulated; empty: nominal", "", modes=("emulated",)),
    Argument(
        "trial",
        "which draw of that world's jitter and noise, counted from 0; empty: 0",
        "",
        modes=("emulated",),
    ),
    Argument("device", "device file of the hand; mode real needs one", "", modes=("real",)),
    Argument("port", "serial device of the motors; empty: the rig's", "", modes=("real",)),
    Argument("keyboard", "part of the MIDI port's name; empty: the only one", "", modes=("real",)),
    Argument("out", "folder of runs", "runs"),
)


@dataclass(frozen=True)
class NodeSpec:
    """One node of a graph.

    Attributes:
        name: Of the node.
        executable: In package `piano_nodes`.
        parameters: By name.
        remappings: New names of topics and services, by old name.
        alone: Whether it needs the interpreter for itself, and so a process, wherever it runs.
    """

    name: str
    executable: str
    parameters: Values
    remappings: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False


@dataclass(frozen=True)
class EmulatorSpec:
    """The process that stands in for the hardware: no node, it meets the others at its devices.

    Attributes:
        rig: Name or path.
        world: Name or path.
        port: Where its serial device is found.
        keyboard: What its keyboard is called.
        trial: Which draw of the world's jitter and noise.
    """

    rig: str
    world: str
    port: str
    keyboard: str
    trial: int = 0

    executable: ClassVar[str] = "emulated_rig"
    """In package `piano_nodes`."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """Of the executable."""
        return self.rig, self.world, self.port, self.keyboard, str(self.trial)


DEVICE_NODES = ("keyboard", "hand")
"""The nodes that drive devices: their threads must not wait for other nodes' work."""
FRONT_END = "play_client"
"""The node whose end is the end of the graph, and whose result is the graph's result."""


@dataclass(frozen=True)
class Graph:
    """What a front end starts.

    Attributes:
        nodes: In the order in which they start; they end in the opposite one.
        emulator: Starts before the nodes and ends after them; None without one.
        environment: What all processes of the graph find in their environment.
    """

    nodes: tuple[NodeSpec, ...]
    emulator: EmulatorSpec | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def play_graph(
    song: str,
    *,
    run: Path,
    partial: Path,
    rig: str = RIG,
    mode: str = MODES[0],
    policy: str = POLICY,
    params: str = "",
    world: str = "",
    trial: str = "",
    device: str = "",
    port: str = "",
    keyboard: str = "",
) -> Graph:
    """What plays one song.

    Args:
        song: Name or path.
        run: Name of the run's folder when everything is in it.
        partial: Its name until then.
        rig: Name or path.
        mode: One of `MODES`.
        policy: See `PLAY_ARGUMENTS`, also for all others.
        params: Path, or empty.
        world: Name or path, or empty.
        trial: Digits, or empty.
        device: Path, or empty.
        port: Path, or empty.
        keyboard: Part of a name, or empty.

    Returns:
        The graph; all its nodes are given the same offset between stamps and the monotonic clock.
    """
    clock: Values = {"clock_offset_ns": time.time_ns() - time.monotonic_ns()}
    emulator = _emulator(rig, world or NOMINAL, int(trial or 0)) if mode == "emulated" else None
    if emulator is not None:
        device, port, keyboard = NOMINAL, emulator.port, emulator.keyboard
    wait: Values = {"wait_s": EMULATOR_S if emulator is not None else 0.0}
    said: Values = {"rig": rig, "policy": policy, "mode": mode}
    folder: Values = {"folder": str(partial / "recording")}
    drawn: Values = {} if emulator is None else {"trial": emulator.trial}
    nodes: dict[str, Values] = {
        "player": {"params": params, **said},
        "recorder": {"song": song, "params": params, "device": device, **drawn, **folder, **said},
        FRONT_END: {"song": song, "run": str(run), "mode": mode},
    }
    rig_nodes: dict[str, Values] = {
        "keyboard": {"rig": rig, "port": keyboard, **wait},
        "hand": {"rig": rig, "device": device, "port": port, **wait},
    }
    if mode == "sim":
        rig_nodes = {"sim_rig": {"rig": rig, "params": params}}
    specs = (
        NodeSpec(name, name, {**values, **clock}, alone=name in DEVICE_NODES)
        for name, values in (rig_nodes | nodes).items()
    )
    return Graph(tuple(specs), emulator, {} if emulator is None else _own_midi(emulator))


def _own_midi(emulator: EmulatorSpec) -> Mapping[str, str]:
    """A JACK server of the graph's own, unless the user has one in mind.

    Where there is no ALSA sequencer the emulated keyboard starts one, and it ends with that
    keyboard: a second graph must not depend on it.
    """
    given = os.environ.get(JACK_SERVER, "")
    return {JACK_SERVER: given or emulator.keyboard.replace(" ", "-")}


def _emulator(rig: str, world: str, trial: int) -> EmulatorSpec:
    """An emulated rig whose devices have names that nobody else's on this machine have."""
    unique = f"{os.getpid()}-{time.monotonic_ns() // 1_000_000}"
    link = Path(tempfile.gettempdir()) / f"dacapo-motors-{unique}"
    return EmulatorSpec(rig, world, str(link), f"Da Capo {unique}", trial)

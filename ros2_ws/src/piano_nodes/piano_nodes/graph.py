"""The graph that plays a song: its nodes, their parameters and the arguments of its front ends.

Written once; the launch file starts these nodes as processes, `compose` in one process. Knows
neither ROS nor the cores, so it imports at once, anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

RIG = "leap_rail_49"
POLICY = ""
"""Nobody in particular: the zoo's policy where it has one for the song, else the planner."""
MODES = ("sim",)
"""What the rig in the graph can be; `emulated` and `real` come with the hardware."""


@dataclass(frozen=True)
class Argument:
    """An argument of a front end.

    Attributes:
        name: As users write it.
        description: One line.
        default: None when the argument is required.
        choices: The values allowed; empty for any.
    """

    name: str
    description: str
    default: str | None = None
    choices: tuple[str, ...] = ()


PLAY_ARGUMENTS = (
    Argument("song", "name in the song library, or path of a MIDI file"),
    Argument("rig", "name of a rig, or path of a rig file", RIG),
    Argument("mode", "what plays: sim is the nominal simulator", MODES[0], MODES),
    Argument("policy", "planner, zoo, or path of a bundle; empty: the zoo if it can", POLICY),
    Argument("params", "physics parameters file; empty: the rig's nominal ones", ""),
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
    """

    name: str
    executable: str
    parameters: Mapping[str, str | int | float | bool]
    remappings: Mapping[str, str] = field(default_factory=dict)


FRONT_END = "play_client"
"""The node whose end is the end of the graph, and whose result is the graph's result."""


def play_graph(
    song: str, *, rig: str, mode: str, policy: str, params: str, run: Path, partial: Path
) -> tuple[NodeSpec, ...]:
    """The nodes that play one song.

    Args:
        song: Name or path.
        rig: Name or path.
        mode: One of `MODES`.
        policy: See `PLAY_ARGUMENTS`.
        params: Path, or empty.
        run: Name of the run's folder when everything is in it.
        partial: Its name until then.

    Returns:
        The nodes; all are given the same offset between stamps and the monotonic clock.
    """
    clock = {"clock_offset_ns": time.time_ns() - time.monotonic_ns()}
    player = {"rig": rig, "policy": policy, "mode": mode}
    recorder = {"folder": str(partial / "recording"), "song": song, "params": params, **player}
    client = {"song": song, "run": str(run)}
    return (
        NodeSpec("sim_rig", "sim_rig", {"rig": rig, "params": params, **clock}),
        NodeSpec("player", "player", {**player, **clock}),
        NodeSpec("recorder", "recorder", {**recorder, **clock}),
        NodeSpec(FRONT_END, FRONT_END, {**client, **clock}),
    )

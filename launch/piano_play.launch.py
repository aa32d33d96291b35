"""Plays one song: ros2 launch launch/piano_play.launch.py song:=ode_to_joy.

Ends by itself when the song is over: exit code 0 with a result, 1 without.
"""

from __future__ import annotations

import atexit
import difflib
import os
from collections.abc import Mapping
from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction, Shutdown
from launch.events.process import ProcessExited
from launch.logging import get_logger
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.substitutions import ExecutableInPackage

from piano_nodes.domain import DomainLock
from piano_nodes.ending import give_up
from piano_nodes.graph import (
    FRONT_END,
    PLAY_ARGUMENTS,
    Argument,
    EmulatorSpec,
    NodeSpec,
    play_graph,
)
from piano_nodes.modes import check_mode
from piano_nodes.process import FOLLOW_PARENT, prepare_environment
from policies.run_folder import RunFolder


def generate_launch_description() -> LaunchDescription:
    """The arguments, then the nodes."""
    return LaunchDescription([*map(_declare, PLAY_ARGUMENTS), OpaqueFunction(function=_start)])


def _declare(argument: Argument) -> DeclareLaunchArgument:
    return DeclareLaunchArgument(
        argument.name,
        default_value=argument.default,
        description=argument.description,
        choices=list(argument.choices) or None,
    )


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Take the ROS domain, make the run's folder and start the nodes."""
    _refuse_misspelt(context.launch_configurations)
    given = {a.name: LaunchConfiguration(a.name).perform(context) for a in PLAY_ARGUMENTS}
    prepare_environment()
    # Held until this process ends, however it ends.
    context.extend_globals({"dacapo_domain": DomainLock().__enter__()})
    check_mode(given)
    run = RunFolder.create(Path(given.pop("out")), given["song"])
    atexit.register(_give_up, run, given["mode"])  # when all processes have ended
    graph = play_graph(**given, run=run.path, partial=run.partial)
    around = {"PYTHONUNBUFFERED": "1", FOLLOW_PARENT: str(os.getpid()), **graph.environment}
    emulator = [] if graph.emulator is None else [_emulator(graph.emulator, around)]
    return [*emulator, *(_node(spec, around) for spec in graph.nodes)]


def _give_up(run: RunFolder, mode: str) -> None:
    kept = give_up(run, mode)
    if kept is not None:
        get_logger("piano_play").warning(f"what was recorded until then is in {kept}")


def _refuse_misspelt(given: Mapping[str, str]) -> None:
    """`ros2 launch` takes any argument silently; one that is nearly ours was meant to be ours."""
    names = [argument.name for argument in PLAY_ARGUMENTS]
    for name in set(given) - set(names):
        for close in difflib.get_close_matches(name, names, n=1):
            raise RuntimeError(f"no argument '{name}': did you mean '{close}'?")


def _node(spec: NodeSpec, around: Mapping[str, str]) -> Node:
    return Node(
        package="piano_nodes",
        executable=spec.executable,
        name=spec.name,
        parameters=[dict(spec.parameters)],
        remappings=list(spec.remappings.items()),
        output="screen",
        additional_env=dict(around),
        on_exit=_end,
    )


def _emulator(spec: EmulatorSpec, around: Mapping[str, str]) -> ExecuteProcess:
    """The emulated rig, a process that is no node."""
    return ExecuteProcess(
        cmd=[ExecutableInPackage(spec.executable, "piano_nodes"), *spec.arguments],
        name=spec.executable,
        output="screen",
        additional_env=dict(around),
        on_exit=_end,
    )


def _end(event: ProcessExited, context: LaunchContext) -> Shutdown | None:
    """The end of the front end is the end of the graph; any other node's end is a failure."""
    name = event.process_name.rsplit("-", 1)[0]
    if name == FRONT_END and event.returncode == 0:
        return Shutdown(reason="the song is over")
    if name != FRONT_END and context.is_shutdown:
        return None
    # `ros2 launch` returns 0 after any plain shutdown; only an exception makes it return 1.
    raise RuntimeError(f"node '{name}' ended with code {event.returncode}")

"""Learns a rig: ros2 launch launch/calibrate.launch.py songs:=ode_to_joy device:=my_hand.yaml.

Runs the loop of docs/sim2real2sim.md: moves the hand so that its physics show, fits the simulator,
trains for it, plays, and fits again. Every performance starts the graph of piano_play.launch.py
and ends it. Ends by itself: exit code 0 with a result, 1 without; resume:=true goes on.
"""

from __future__ import annotations

import difflib
import shlex
import sys
from collections.abc import Mapping

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction, Shutdown
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration

PATIENCE_S = "60"
"""How long the loop may take to let go of the hand and end."""

ARGUMENTS: Mapping[str, tuple[str | None, str]] = {
    "songs": (None, "what to learn: names in the song library and paths of MIDI files"),
    "rig": ("leap_rail_49", "name of a rig, or path of a rig file"),
    "mode": (
        "real",
        "real: the hardware; emulated: a world behind a serial device and a MIDI port",
    ),
    "world": ("", "the emulated rig's physics: an example, or a YAML file"),
    "device": ("", "device file: how the hand was put together"),
    "port": ("", "serial device, if not the rig's"),
    "keyboard": ("", "part of the MIDI port's name, if there are several"),
    "rounds": ("3", "most rounds"),
    "out": ("runs/iterate", "folder of loops"),
}
"""Options of `dacapo iterate`: default (None: required) and description, by name."""

RESUME = "resume"


def generate_launch_description() -> LaunchDescription:
    """The arguments, then the loop."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    resume = DeclareLaunchArgument(
        RESUME,
        default_value="false",
        description="go on where it was stopped",
        choices=["true", "false"],
    )
    return LaunchDescription([*declared, resume, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Start the loop as a process, as `dacapo iterate` does."""
    _refuse_misspelt(context.launch_configurations)
    given = {name: LaunchConfiguration(name).perform(context) for name in (*ARGUMENTS, RESUME)}
    songs = shlex.split(given.pop("songs"))
    flags = ["--resume"] if given.pop(RESUME) == "true" else []
    for name, value in given.items():
        flags += [f"--{name}", value] if value else []
    loop = ExecuteProcess(
        cmd=[sys.executable, "-m", "dacapo", "iterate", *songs, *flags],
        name="iterate",
        output="screen",
        additional_env={"PYTHONUNBUFFERED": "1"},
        sigterm_timeout=PATIENCE_S,
        on_exit=_end,
    )
    return [loop]


def _refuse_misspelt(given: Mapping[str, str]) -> None:
    """`ros2 launch` takes any argument silently; one that is nearly ours was meant to be ours."""
    names = [*ARGUMENTS, RESUME]
    for name in set(given) - set(names):
        for close in difflib.get_close_matches(name, names, n=1):
            raise RuntimeError(f"no argument '{name}': did you mean '{close}'?")


def _end(event: ProcessExited, context: LaunchContext) -> Shutdown:
    if event.returncode == 0:
        return Shutdown(reason="the loop is over")
    # `ros2 launch` returns 0 after any plain shutdown; only an exception makes it return 1.
    raise RuntimeError(f"the loop ended with code {event.returncode}")

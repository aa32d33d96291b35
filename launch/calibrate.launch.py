"""Learns a rig: ros2 launch launch/calibrate.launch.py songs:=ode_to_joy device:=my_hand.yaml.

Runs the loop of docs/sim2real2sim.md: moves the hand so that its physics show, fits the simulator,
trains for it, plays, and fits again. Every performance starts the graph of piano_play.launch.py
and ends it. Given recordings:= instead of songs:=, it only fits the simulator to these, as
docs/calibration.md says. Ends by itself: exit code 0 with a result, 1 without; resume:=true goes on
with a loop.
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
"""How long loop or fit may take to let go of the hand and end."""

ARGUMENTS: Mapping[str, tuple[str, str]] = {
    "songs": ("", "what to learn: names in the song library and paths of MIDI files"),
    "recordings": ("", "instead of songs: only fit the simulator to these recordings, by path"),
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
    "out": ("", "folder of loops (empty: runs/iterate); with recordings, the file to write"),
    "resume": ("false", "true: go on where the loop was stopped"),
}
"""Options of `dacapo iterate` and `dacapo calibrate`: default and description, by name."""

OF_FIT = ("recordings", "rig", "out")
"""What a fit alone has a use for."""


def generate_launch_description() -> LaunchDescription:
    """The arguments, then the loop or the fit."""
    declared = [
        DeclareLaunchArgument(
            name,
            default_value=default,
            description=description,
            choices=["true", "false"] if name == "resume" else None,
        )
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Start a verb of `dacapo` as a process, as users do."""
    _refuse_misspelt(context.launch_configurations)
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    verb, *words = _fit(given) if given["recordings"] else _loop(given)
    process = ExecuteProcess(
        cmd=[sys.executable, "-m", "dacapo", verb, *words],
        name=verb,
        output="screen",
        additional_env={"PYTHONUNBUFFERED": "1"},
        sigterm_timeout=PATIENCE_S,
        on_exit=_end,
    )
    return [process]


def _loop(given: Mapping[str, str]) -> list[str]:
    """The command that runs the loop."""
    if not given["songs"]:
        raise RuntimeError("nothing to learn: add songs:=ode_to_joy, or recordings:= to fit alone")
    options = {n: v for n, v in given.items() if n not in ("songs", "recordings", "resume")}
    resume = ["--resume"] if given["resume"] == "true" else []
    return ["iterate", *shlex.split(given["songs"]), *_options(options), *resume]


def _fit(given: Mapping[str, str]) -> list[str]:
    """The command that fits alone."""
    for name, (default, _) in ARGUMENTS.items():
        if name not in OF_FIT and given[name] != default:
            raise RuntimeError(f"recordings are fitted without {name}: leave one of the two out")
    options = {name: given[name] for name in OF_FIT if name != "recordings"}
    return ["calibrate", *shlex.split(given["recordings"]), *_options(options)]


def _options(given: Mapping[str, str]) -> list[str]:
    return [word for name, value in given.items() if value for word in (f"--{name}", value)]


def _refuse_misspelt(given: Mapping[str, str]) -> None:
    """`ros2 launch` takes any argument silently; one that is nearly ours was meant to be ours."""
    for name in set(given) - set(ARGUMENTS):
        for close in difflib.get_close_matches(name, ARGUMENTS, n=1):
            raise RuntimeError(f"no argument '{name}': did you mean '{close}'?")


def _end(event: ProcessExited, context: LaunchContext) -> Shutdown:
    if event.returncode == 0:
        return Shutdown(reason="all is done")
    # `ros2 launch` returns 0 after any plain shutdown; only an exception makes it return 1.
    verb = event.process_name.rsplit("-", 1)[0]
    raise RuntimeError(f"{verb} ended with code {event.returncode}")

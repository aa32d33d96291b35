"""`dacapo emulate`: a rig that is not there, behind real devices, or topics and a MIDI port."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from dacapo.output import print_json, print_table, remark
from dacapo.verbs import Verbs, add_rig_argument, add_verb

if TYPE_CHECKING:
    from hardware.emulator.midi_out import MidiOut
    from hardware.emulator.rig import EmulatedRig
    from hardware.world import World
    from sim import Rig
    from sim.realtime import PacingReport

LOOK_S = 0.5
"""How often it is looked after."""

EPILOG = """\
examples:
  dacapo emulate                                    the LEAP rig as its file says it is
  dacapo emulate --world workshop-a                 one whose physics the simulator does not know
  dacapo emulate --world my_world.yaml --port /tmp/motors
  dacapo emulate --rig allegro_slide_49             its trajectory controllers, as ROS 2 topics
  dacapo emulate --json > devices.json &            for scripts: one object, then it runs

Prints where the motors and the keys are found, then runs in real time until Ctrl-C. Anything that
talks to Dynamixel motors or reads a MIDI keyboard can use it: see docs/emulator.md.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(
        verbs, "emulate", "put a rig behind a serial device and a MIDI port", EPILOG, run
    )
    parser.set_defaults(refuse=parser.error)
    add_rig_argument(parser)
    parser.add_argument(
        "--world",
        default="nominal",
        metavar="NAME|FILE",
        help="its true physics and its faults: an example world or a YAML file "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=Path,
        metavar="LINK",
        help="under which name the serial device is found (default: dacapo-RIG in the folder for "
        "temporary files)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    from hardware.emulator.midi_out import MidiOut
    from hardware.emulator.rig import EmulatedRig
    from hardware.world import load_world
    from sim import RosTrajectoryDriver, load_rig

    rig, world = load_rig(arguments.rig), load_world(arguments.world)
    if isinstance(rig.driver, RosTrajectoryDriver):
        return _run_controllers(rig, world, arguments)
    device = arguments.port or Path(tempfile.gettempdir()) / f"dacapo-{rig.name}"
    with (
        _until_signals() as stop,
        MidiOut() as keyboard,
        EmulatedRig(rig, world, device.absolute(), keyboard) as emulated,
    ):
        _announce(emulated, keyboard, (rig.name, world.name), json=arguments.json)
        while emulated.running and not stop.wait(LOOK_S):
            pass
        failed = not emulated.running
    report = emulated.report
    remark(f"{_summary(report)}, {emulated.line.packets} packets heard")
    return int(failed)


def _run_controllers(rig: Rig, world: World, arguments: argparse.Namespace) -> int:
    """A rig whose hand and arm have controllers: its topics instead of a serial device."""
    from hardware.emulator.midi_out import MidiOut
    from hardware.trajectory.joints import trajectory_driver
    from piano_nodes.emulated_controllers import run as run_controllers

    if arguments.port:
        arguments.refuse(f"rig {rig.name} has no serial device: leave --port out")
    controllers = trajectory_driver(rig).controllers
    with _until_signals() as stop, MidiOut() as keyboard:
        names = {"rig": rig.name, "world": world.name}
        topics = [each.command_topic for each in controllers]
        if arguments.json:
            print_json({**names, "command_topics": topics, "midi_port": keyboard.port_name})
        else:
            rows = [("world", world.name), *(("trajectories", topic) for topic in topics)]
            print_table(("rig", rig.name), [*rows, ("MIDI port", keyboard.port_name)])
            print("running until Ctrl-C")
        sys.stdout.flush()
        report = run_controllers(rig, world, keyboard, lambda: stop.wait(LOOK_S))
    remark(_summary(report))
    return 0


def _summary(report: PacingReport) -> str:
    return f"stopped: {report.steps} physics steps, {report.late} late, {report.lost_s:.3f} s lost"


@contextmanager
def _until_signals() -> Iterator[threading.Event]:
    """Being stopped is how this ends: Ctrl-C and SIGTERM set the event."""
    stop = threading.Event()

    def take(_: int, __: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _announce(
    emulated: EmulatedRig, keyboard: MidiOut, names: tuple[str, str], *, json: bool
) -> None:
    motors = emulated.motors
    baud_rate = next(iter(motors.values())).baud_rate
    if json:
        print_json(
            {
                "rig": names[0],
                "world": names[1],
                "serial_device": str(emulated.device),
                "baud_rate": baud_rate,
                "motors": {joint: motor.motor_id for joint, motor in motors.items()},
                "midi_port": keyboard.port_name,
            }
        )
    else:
        rows = [
            ("world", names[1]),
            ("serial device", f"{emulated.device} ({len(motors)} motors, {baud_rate} bit/s)"),
            ("MIDI port", keyboard.port_name),
        ]
        print_table(("rig", names[0]), rows)
        print("running until Ctrl-C")
    sys.stdout.flush()  # also into a pipe, while this goes on running

"""`dacapo hand`: from motors on the table to a hand that may be played."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.output import complain, print_json, remark
from dacapo.verbs import Arguments, Verbs, add_rig_argument, add_verb

if TYPE_CHECKING:
    from hardware.hand.device import Device
    from sim import Rig

EPILOG = """\
examples:
  dacapo hand find-port                         which serial device the motors are on
  dacapo hand setup-motors if_mcp               make the only motor on the bus that of one joint
  dacapo hand setup-motors --device my_hand.yaml   the whole hand, laid flat: write its device file
  dacapo hand wiggle --device my_hand.yaml      move joint after joint, beside a picture of each
  dacapo hand reboot if_mcp                     clear the error of one motor
  dacapo hand release                           make all motors limp

Nothing moves but in wiggle, one joint at a time with little current. docs/hardware.md tells the
whole way from parts on the table to the first song.
"""

ACTIONS = ("find-port", "setup-motors", "wiggle", "reboot", "release")


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "hand", "find, set up, try and release the hand's motors", EPILOG, run)
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument("joints", nargs="*", metavar="JOINT", help="joints by name or motor id")
    add_rig_argument(parser)
    add_hand_arguments(parser)
    parser.add_argument(
        "--name", default="hand", help="what setup-motors calls the device (default: %(default)s)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/wiggle"),
        metavar="DIR",
        help="where wiggle puts its pictures (default: %(default)s)",
    )


def add_hand_arguments(parser: Arguments) -> None:
    """Adds `--port` and `--device`."""
    parser.add_argument("--port", metavar="DEVICE", help="serial device (default: the rig's)")
    parser.add_argument(
        "--device", type=Path, metavar="FILE", help="device file: how this hand was put together"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    from sim import load_rig

    rig = load_rig(arguments.rig)
    if arguments.action == "find-port":
        return _find_port(arguments)
    if arguments.action == "setup-motors":
        return _setup_motors(rig, arguments)
    if arguments.action == "wiggle":
        return _wiggle(rig, arguments)
    if arguments.action == "reboot":
        return _reboot(rig, arguments)
    return _release(rig, arguments)


def load_device(rig: Rig, path: Path | None) -> Device:
    """The device file, or the plan where none is given, which is then said.

    Raises:
        DeviceError: the file cannot be used.
    """
    from hardware.hand.device import nominal_device, read_device

    if path is not None:
        return read_device(path, rig)
    remark("no --device: taking every horn to be mounted as planned")
    return nominal_device(rig)


def _find_port(arguments: argparse.Namespace) -> int:
    from hardware.errors import HardwareError
    from hardware.hand.service import describe, find_motors, serial_devices

    devices = [arguments.port] if arguments.port else list(serial_devices())
    rows = []
    for device in devices:
        remark(f"{device}: asking at seven speeds, 11 s")
        try:
            for found in find_motors(device):
                motors = {str(i): describe(motor) for i, motor in found.motors.items()}
                rows.append({"port": device, "baud_rate": found.baud_rate, "motors": motors})
                if not arguments.json:
                    ids = ", ".join(motors)
                    print(f"{device}: {len(motors)} motors at {found.baud_rate} bit/s: {ids}")
        except HardwareError as error:
            remark(f"{device}: {error}")
    if arguments.json:
        print_json({"found": rows})
    if not rows:
        looked = ", ".join(devices) or "no serial device on USB"
        return complain(f"no motors found ({looked}): plug the adapter in, power the motors")
    return 0


def _setup_motors(rig: Rig, arguments: argparse.Namespace) -> int:
    from hardware.hand.device import write_device
    from hardware.hand.setup import measure_device, set_up_hand, set_up_motor

    if len(arguments.joints) > 1:
        return complain("connect one motor and name its joint, or none for the whole hand")
    if arguments.joints:
        steps = set_up_motor(rig, arguments.port, arguments.joints[0])
    else:
        steps = set_up_hand(rig, arguments.port)
    done = []
    for step in steps:
        done.append(step)
        remark(step)
    if arguments.device and not arguments.joints:
        write_device(measure_device(rig, arguments.port, arguments.name), arguments.device)
        done.append(f"{arguments.device} is written")
        port = f" --port {arguments.port}" if arguments.port else ""
        remark(f"{done[-1]}: now run 'dacapo hand wiggle --device {arguments.device}{port}'")
    if arguments.json:
        print_json({"done": done})
    return 0


def _wiggle(rig: Rig, arguments: argparse.Namespace) -> int:
    from hardware.hand.device import dynamixel_driver
    from hardware.hand.service import motor_of
    from hardware.hand.wiggle import wiggle_joint

    names = {motor: joint for joint, motor in dynamixel_driver(rig).motors.items()}
    joints = [names[motor_of(rig, joint)] for joint in arguments.joints] or list(names.values())
    device = load_device(rig, arguments.device)
    rows = []
    for joint in joints:
        picture = _draw(rig, joint, arguments.out)
        remark(f"{joint}: {f'should look like {picture}' if picture else 'watch it'}")
        result = wiggle_joint(rig, device, arguments.port, joint)
        also = f", and {', '.join(result.others)} moved along" if result.others else ""
        words = "moved" if result.followed else "DID NOT FOLLOW:"
        remark(f"{joint}: {words} {result.moved:+.3f} of {result.asked:+.3f}{also}")
        row = {"joint": joint, "asked": result.asked, "moved": result.moved}
        rows.append(row | {"followed": result.followed, "others": list(result.others)})
    if arguments.json:
        print_json({"joints": rows})
    bad = [row["joint"] for row in rows if not row["followed"] or row["others"]]
    if bad:
        return complain(f"not as it should be: {', '.join(map(str, bad))}: see docs/hardware.md")
    return 0


def _draw(rig: Rig, joint: str, folder: Path) -> Path | None:
    """A picture of what is to be seen; None where this machine cannot draw."""
    from hardware.hand.wiggle import wiggle_pose
    from score import write_whole
    from sim import RenderingError
    from sim.rendering import render_pictures

    free, replay = wiggle_pose(rig, joint)
    try:
        before, after = render_pictures(free, replay, [0.0, 1.0])
    except RenderingError:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "flat.png", before)
    write_whole(folder / f"{joint}.png", after)
    return folder / f"{joint}.png"


def _reboot(rig: Rig, arguments: argparse.Namespace) -> int:
    from hardware.hand.service import reboot_joints

    if not arguments.joints:
        return complain("name the joints whose motors to restart: a restarted motor lets go")
    outcome = reboot_joints(rig, arguments.port, arguments.joints)
    for joint, words in outcome.items():
        remark(f"{joint}: {words}")
    if arguments.json:
        print_json({"joints": outcome})
    return 0 if all(words.startswith("restarted; ") for words in outcome.values()) else 1


def _release(rig: Rig, arguments: argparse.Namespace) -> int:
    from hardware.hand.service import release_hand

    failed = release_hand(rig, arguments.port)
    if arguments.json:
        print_json({"released": not failed, "failed": failed})
    if failed:
        return complain(f"not limp for sure: {'; '.join(failed)}")
    remark("all motors are limp")
    return 0

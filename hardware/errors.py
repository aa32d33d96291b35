"""Errors of the hardware, all under one base."""

from score.errors import DaCapoError

INSTALL = "python -m pip install -e '.[hardware]'"
"""What installs the optional packages of this folder."""


class HardwareError(DaCapoError):
    """Something is wrong with the real or the emulated rig."""


class BusError(HardwareError):
    """The motor bus cannot be opened, or does not answer as it should."""


class PortLost(BusError):  # noqa: N818  a state of the port, not of the call
    """The serial device went away while it was in use."""


class MotorFault(HardwareError):  # noqa: N818  one word per thing: motors have faults
    """A motor refuses an instruction or reports a fault of its own."""


class DeviceError(HardwareError):
    """The file that describes one device is missing, wrong, or of another device."""


class KeyboardError(HardwareError):
    """The MIDI keyboard cannot be opened, or went away."""


class WorldError(HardwareError):
    """A world file is missing, unreadable or holds an unknown or out-of-range field."""


class SafetyStop(HardwareError):  # noqa: N818  the word of the design
    """The hand was stopped for safety; the message says why and how to go on."""


def missing_package(package: str) -> HardwareError:
    """The error for an optional package that is not installed, with what installs it."""
    return HardwareError(f"{package} is not installed: run {INSTALL}")

"""Errors of the simulator, all under one base."""

from score.errors import DaCapoError


class SimError(DaCapoError):
    """Something is wrong with a rig, its physics or its rendering."""


class RigError(SimError):
    """A rig file is missing, unreadable or holds an unknown or out-of-range field."""


class ParameterError(SimError):
    """A physics parameter is unknown, out of bounds or makes an unplayable keyboard."""


class RenderingError(SimError):
    """A picture or a video cannot be made on this machine; the message says what to install."""

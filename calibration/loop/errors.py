"""Errors of the loop."""

from calibration.errors import CalibrationError


class LoopError(CalibrationError):
    """The loop cannot begin or go on: the message says why and what to do next."""

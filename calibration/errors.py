"""Errors of calibration; those of recordings are in `calibration.recordings.errors`."""

from score import DaCapoError


class CalibrationError(DaCapoError):
    """A simulator cannot be fitted, or must not be: the message says why and what to do next."""

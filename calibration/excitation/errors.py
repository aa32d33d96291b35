"""Errors of the excitation."""

from __future__ import annotations

from calibration.errors import CalibrationError


class ExcitationError(CalibrationError):
    """A motion that a rig should not be asked to make; the message names joint and time."""

"""Excitation: safe motions that make a rig's physics show (docs/excitation.md)."""

from calibration.excitation.check import FORCE_LIMIT_N, check_excitation
from calibration.excitation.errors import ExcitationError
from calibration.excitation.excitation import Excitation, make_excitation
from calibration.excitation.files import write_excitation

__all__ = [
    "FORCE_LIMIT_N",
    "Excitation",
    "ExcitationError",
    "check_excitation",
    "make_excitation",
    "write_excitation",
]

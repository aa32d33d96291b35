"""The loop: train, play, listen, fit the simulator, and take it from the top."""

from calibration.loop.errors import LoopError
from calibration.loop.loop import SUMMARY, iterate
from calibration.loop.places import Order, Place, virtual_place, world_fingerprint
from calibration.loop.progress import Progress
from calibration.loop.setup import Effort, Setup
from calibration.loop.state import was_begun

__all__ = [
    "SUMMARY",
    "Effort",
    "LoopError",
    "Order",
    "Place",
    "Progress",
    "Setup",
    "iterate",
    "virtual_place",
    "was_begun",
    "world_fingerprint",
]

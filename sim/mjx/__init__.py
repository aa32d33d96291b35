"""Two hands over 88 keys on a GPU: the rig, its environment and its reward in MJX (docs/mjx.md)."""

from sim.mjx.environment import MjxEnvironment, State
from sim.mjx.errors import ContactOverflowError, DeviceMemoryError, device_memory
from sim.mjx.model import IMPLEMENTATIONS, Implementation, build_reduced

__all__ = [
    "IMPLEMENTATIONS",
    "ContactOverflowError",
    "DeviceMemoryError",
    "Implementation",
    "MjxEnvironment",
    "State",
    "build_reduced",
    "device_memory",
]

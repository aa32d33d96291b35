"""Two hands over 88 keys on a GPU: the rig, its environment and its reward in MJX (docs/mjx.md)."""

from sim.mjx.environment import MjxEnvironment, State
from sim.mjx.errors import ContactOverflowError, room_for
from sim.mjx.model import (
    IMPLEMENTATIONS,
    Implementation,
    build_reduced,
    build_reduced_playable,
)
from sim.mjx.observation import Seen
from sim.mjx.physics import MjxPhysics
from sim.mjx.reward import MjxReward
from sim.mjx.song import Song

__all__ = [
    "IMPLEMENTATIONS",
    "ContactOverflowError",
    "Implementation",
    "MjxEnvironment",
    "MjxPhysics",
    "MjxReward",
    "Seen",
    "Song",
    "State",
    "build_reduced",
    "build_reduced_playable",
    "room_for",
]

"""Worlds: the hidden truth of an emulated or virtual rig, and the rig that obeys it."""

from hardware.world.files import load_world, world_names
from hardware.world.simulator import WorldSimulator
from hardware.world.world import World

__all__ = ["World", "WorldSimulator", "load_world", "world_names"]

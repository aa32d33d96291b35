"""Two hands over 88 keys with a pedal: RoboPianist's task as RP1M uses it (docs/two_hands.md)."""

from sim.pair.environment import PairEnvironment, flat
from sim.pair.model import PairModel, build_pair
from sim.pair.rig import PAIRS, PairRig, load_pair

__all__ = [
    "PAIRS",
    "PairEnvironment",
    "PairModel",
    "PairRig",
    "build_pair",
    "flat",
    "load_pair",
]

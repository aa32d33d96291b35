"""Rigs of one hand and of two alike, by name or file."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from sim.model import build_model
from sim.pair.playable import build_playable_pair
from sim.pair.rig import PairRig, load_pair
from sim.playable import PlayableModel
from sim.rig import Rig, has_two_hands, load_rig

AnyRig: TypeAlias = Rig | PairRig


def load_any_rig(name_or_path: str | Path) -> AnyRig:
    """Read a rig of one hand or two by library name or from a YAML file.

    Raises:
        RigError: no such rig, not YAML, or a field that is unknown, missing or out of range.
    """
    return load_pair(name_or_path) if has_two_hands(name_or_path) else load_rig(name_or_path)


def build_playable(rig: AnyRig) -> PlayableModel:
    """Compile a rig to be played, with its nominal dynamics."""
    return build_playable_pair(rig) if isinstance(rig, PairRig) else build_model(rig)

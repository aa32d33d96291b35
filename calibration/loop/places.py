"""Where the loop plays: a world in process, or a rig that somebody else drives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from calibration.virtual import play_virtual
from hardware.world import load_world
from policies.performer import Progress
from sim import RigModel

Mode = Literal["virtual", "emulated", "real"]


@dataclass(frozen=True)
class Order:
    """One performance to give.

    Attributes:
        song: Name in the library, or path of a MIDI file.
        policy: `planner`, or the path of a bundle.
        trial: Which draw of a world's jitter and noise, where the place has such.
        out: Folder of runs, for this performance alone.
    """

    song: str
    policy: str
    trial: int
    out: Path


Play = Callable[[Order, Callable[[Progress], None]], None]
"""Gives a performance and leaves a run's folder in `out`, as `dacapo play` does.

Raises a `DaCapoError` when the performance could not be given to its end.
"""


@dataclass(frozen=True)
class Place:
    """Where songs are played.

    Attributes:
        mode: What kind of place.
        play: Plays there.
        fingerprint: Of whatever describes the place, read afresh: it must not change in a loop.
        world: The world's name or file; empty where there is none. Only baselines may look inside.
    """

    mode: Mode
    play: Play
    fingerprint: Callable[[], str]
    world: str = ""


def virtual_place(world: str, model: RigModel) -> Place:
    """A world in this process, faster than real time.

    Args:
        world: Name of an example, or path of a world file.
        model: What the policies know of the rig.

    Raises:
        WorldError: There is no such world, or it is wrong.
    """
    hidden = load_world(world)

    def play(order: Order, report: Callable[[Progress], None]) -> None:
        play_virtual(
            order.song,
            model=model,
            policy=order.policy,
            world=hidden,
            trial=order.trial,
            out=order.out,
            report=report,
        )

    return Place("virtual", play, lambda: world_fingerprint(world), world)


def world_fingerprint(world: str) -> str:
    """Of what a world file says.

    Raises:
        WorldError: It is gone, or wrong.
    """
    return hashlib.sha256(load_world(world).model_dump_json().encode()).hexdigest()

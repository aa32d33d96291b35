"""One evaluation as in RP1M's Table II: songs trained on, easy and hard unseen ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from policies.imitation.bundle import load_bundle
from policies.imitation.evaluation import play
from policies.imitation.player import ImitationPlayer
from policies.imitation.songs import Songs
from sim.pair import PairModel

Columns = dict[str, dict[str, float]]
"""Frame F1 by song, by column."""


def play_split(
    bundle: Path,
    songs: Songs,
    model: PairModel,
    seed: int,
    on_song: Callable[[str], None] = lambda name: None,
) -> Columns:
    """Play every song of a split once with a bundle as written; says which one begins.

    Raises:
        BundleError: it cannot be read, or is of another rig.
    """
    player = ImitationPlayer(load_bundle(bundle, model), model)

    def f1(name: str) -> float:
        on_song(name)
        return play(player, model, songs.played(name, model), seed).f1

    return columns(f1, songs)


def columns(f1_of: Callable[[str], float], songs: Songs) -> Columns:
    """Frame F1 of every song of a split, from what measures one by its name."""
    return {
        column: {name: f1_of(name) for name in names}
        for column, names in songs.split.columns.items()
    }

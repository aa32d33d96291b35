"""Datasets of rollouts as RP1M has them: made, kept, read (docs/dataset.md)."""

from policies.dataset.build import Built, Status, build
from policies.dataset.chunk_store import ChunkStore
from policies.dataset.chunks import CHUNK_STEPS, Chunk, load_chunks
from policies.dataset.player import MakePlayer, OpenLoop, Player, choose_player
from policies.dataset.rollouts import Order, Rollout, play
from policies.dataset.settings import Settings
from policies.dataset.stats import ChunkStats, draw_stats, read_stats
from policies.dataset.store import Store, open_store
from policies.dataset.workers import open_workers

__all__ = [
    "CHUNK_STEPS",
    "Built",
    "Chunk",
    "ChunkStats",
    "ChunkStore",
    "MakePlayer",
    "OpenLoop",
    "Order",
    "Player",
    "Rollout",
    "Settings",
    "Status",
    "Store",
    "build",
    "choose_player",
    "draw_stats",
    "load_chunks",
    "open_store",
    "open_workers",
    "play",
    "read_stats",
]

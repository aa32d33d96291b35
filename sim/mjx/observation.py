"""What a policy sees, in the layout of RP1M's Table III."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from score import LOOKAHEAD
from sim.mjx.song import Song


class Seen(NamedTuple):
    """What of the state of one environment is observed or rewarded.

    Attributes:
        depth: of every key, 0 to 1, shape ``(n_keys,)``.
        pedal: 0 to 1.
        fingertips: shape ``(n_tips, 3)`` [m].
        joints: positions, shape ``(n_joints,)`` [rad, m].
    """

    depth: jax.Array
    pedal: jax.Array
    fingertips: jax.Array
    joints: jax.Array


def observation(seen: Seen, song: Song, step: jax.Array) -> jax.Array:
    """One vector: goals, pedal goals, keys, pedal, fingertips, joints; 1144 numbers of two hands.

    Args:
        seen: the state.
        song: what is due.
        step: control step that comes next.
    """
    rows = step + jnp.arange(LOOKAHEAD + 1)
    parts = (song.keys[rows], song.sustain[rows], *seen)
    return jnp.concatenate([jnp.ravel(part).astype(seen.depth.dtype) for part in parts])

"""The optimal-transport fingering of RP1M without a search, for compiled programs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np


def fingering(distances: jax.Array, worth: jax.Array, due: jax.Array) -> jax.Array:
    """Mean worth of the matching of least total distance between fingers and due keys.

    Exact: the best matching of the first keys to every set of fingers follows from those of one key
    less, and ten fingers have only 1024 sets. With more keys than fingers the keys left over do not
    count.

    Args:
        distances: fingertip to strike point, shape ``(n_slots, n_fingers)`` [m].
        worth: of each such pair, 0 to 1, same shape.
        due: which slots hold a due key, shape ``(n_slots,)``.

    Returns:
        Reward 0..1, a scalar; 1.0 when no key is due.
    """
    fingers = np.arange(distances.shape[1])
    sets = np.arange(2 ** len(fingers))
    inside = (sets[:, None] >> fingers) & 1 == 1
    without = np.where(inside, sets[:, None] ^ (1 << fingers), 0)
    total = jnp.where(sets == 0, 0.0, jnp.inf).astype(distances.dtype)
    earned = jnp.zeros_like(total)
    for slot in range(distances.shape[0]):
        with_key = jnp.where(inside, total[without] + distances[slot], jnp.inf)
        best = with_key.argmin(axis=1)
        least = with_key.min(axis=1)
        gained = earned[sets ^ (1 << best)] + worth[slot][best]
        better = due[slot] & (least < total)
        total, earned = jnp.where(better, least, total), jnp.where(better, gained, earned)
    n_pairs = jnp.minimum(due.sum(), len(fingers))
    chosen = jnp.where(inside.sum(axis=1) == n_pairs, total, jnp.inf).argmin()
    return jnp.where(n_pairs > 0, earned[chosen] / jnp.maximum(n_pairs, 1), 1.0)

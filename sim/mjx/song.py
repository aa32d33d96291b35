"""Goals as arrays that a compiled program looks rows up in."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from score import LOOKAHEAD, Goals


class Song(NamedTuple):
    """Goals on a device.

    Attributes:
        keys: due keys, then silence to look ahead into, shape ``(n_steps + 10, n_keys)``.
        sustain: the same of the pedal, shape ``(n_steps + 10,)``.
        due: indices of due keys, padded with zeros, shape ``(n_steps, n_slots)``; as many slots as
            the largest chord has keys.
        n_due: how many of them count, shape ``(n_steps,)``.
    """

    keys: jax.Array
    sustain: jax.Array
    due: jax.Array
    n_due: jax.Array

    @classmethod
    def of(cls, goals: Goals) -> Song:
        """Put goals on the device."""
        n_due = goals.keys.sum(axis=1)
        due = np.zeros((goals.n_steps, int(n_due.max())), np.int32)
        for row, keys in zip(due, goals.keys, strict=True):
            row[: keys.sum()] = np.flatnonzero(keys)
        keys = np.pad(goals.keys, ((0, LOOKAHEAD), (0, 0)))
        sustain = np.pad(np.asarray(goals.sustain, bool), (0, LOOKAHEAD))
        return cls(*map(jnp.asarray, (keys, sustain, due, n_due)))

    @property
    def n_steps(self) -> int:
        """Control steps of the song."""
        return len(self.n_due)

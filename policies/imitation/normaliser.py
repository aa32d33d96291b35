"""What observations and actions are divided by before a network sees or makes them.

Actions are divided by how far they go in the songs, not by how far a servo could: the forearm's
range is the whole piano, and the centimetres that decide which key is struck would count for little
in the loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.imitation.data import Floats
from policies.imitation.sight import Shown
from score import write_whole

LIMIT = 8.0
"""Normalised observations are cut off there: what training never saw must not run away."""

SPAN = 4.0
"""So many deviations of an action are one: normalised actions are cut off at [-1, 1]."""

STILL = 1e-3
"""What moves less than this [m, rad, share of a key's travel] counts as constant."""

FITTED_ROLLOUTS = 8
"""Of each song, the first ones: what a song asks for is the same in all."""


@dataclass(frozen=True, eq=False)
class Normaliser:
    """Observations by mean and deviation; actions by mean and four deviations to [-1, 1].

    Attributes:
        mean: of observations, shape ``(observation,)``.
        scale: one over their deviation; 0 for what was constant, which is thus not seen.
        action_mean: of actions, shape ``(action,)`` [rad, m, 1].
        action_width: four deviations of them; the pedal, down or up, has half its range.
    """

    mean: Floats
    scale: Floats
    action_mean: Floats
    action_width: Floats

    def observed(self, observations: Floats) -> Floats:
        """Normalised observations."""
        scaled = (observations - self.mean) * self.scale
        return np.clip(scaled, -LIMIT, LIMIT).astype(np.float32)

    def done(self, actions: Floats) -> Floats:
        """Actions in [-1, 1]; rarer ones are cut off there."""
        scaled = (actions - self.action_mean) / self.action_width
        return np.clip(scaled, -1.0, 1.0).astype(np.float32)

    def actions(self, done: Floats) -> Floats:
        """Servo targets and pedal of actions in [-1, 1]."""
        return self.action_mean + done * self.action_width


def fitted(songs: Sequence[Shown]) -> Normaliser:
    """The normaliser of a dataset, of all steps of the first rollouts of each song."""
    mean, std, span = _moments(song.seen(*_places(song)) for song in songs)
    middle, spread, _ = _moments(song.done(*_places(song), _places(song)[1]) for song in songs)
    scale = np.where(span > STILL, 1.0 / np.maximum(std, STILL), 0.0)
    width = SPAN * np.maximum(spread, STILL)
    middle[-1] = width[-1] = 0.5  # rarely down, the pedal's deviation would cut off what is down
    return Normaliser(*(array.astype(np.float32) for array in (mean, scale, middle, width)))


def _places(song: Shown) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which rollout and which step."""
    count, steps = song.rollouts.actions.shape[:2]
    return np.arange(min(count, FITTED_ROLLOUTS))[:, None], np.arange(steps)[None]


def kept(path: Path, fit: Callable[[], Normaliser]) -> Normaliser:
    """The normaliser in a run's file; fitted and written first if it is not there.

    Raises:
        PolicyError: the file is damaged.
    """
    if not path.is_file():
        stream = BytesIO()
        np.savez(stream, **asdict(fit()))
        write_whole(path, stream.getvalue())
    try:
        with np.load(path, allow_pickle=False) as file:
            return Normaliser(**{name: file[name] for name in file.files})
    except (OSError, ValueError, TypeError, EOFError, BadZipFile) as error:
        raise PolicyError(f"{path} is damaged: delete {path.parent} and start again") from error


def _moments(parts: Iterable[Floats]) -> tuple[NDArray[np.float64], ...]:
    """Mean, deviation and span over all axes but the last, part by part: all may be large."""
    count, total, square, low, high = 0, 0.0, 0.0, np.inf, -np.inf
    for part in parts:
        rows = part.reshape(-1, part.shape[-1]).astype(float)
        count += len(rows)
        total, square = total + rows.sum(axis=0), square + (rows**2).sum(axis=0)
        low, high = np.minimum(low, rows.min(axis=0)), np.maximum(high, rows.max(axis=0))
    mean = np.asarray(total / count)
    return mean, np.sqrt(np.maximum(square / count - mean**2, 0.0)), np.asarray(high - low)

"""Playing songs with a policy for two hands, and scoring as RoboPianist does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from score import FrameScores, Goals, frame_scores
from sim.pair import PairEnvironment, PairModel


class Player(Protocol):
    """Whoever plays in ``PairEnvironment``."""

    def reset(self, rng: np.random.Generator) -> None:
        """Before a song; whatever is random in playing it comes from ``rng``."""
        ...

    def act(self, environment: PairEnvironment, step: int) -> NDArray[np.float64]:
        """Servo targets and pedal for a control step [rad, m, 1]."""
        ...


@dataclass(frozen=True, eq=False)
class Song:
    """What is played.

    Attributes:
        goals: the song.
        start: joint positions that hands are put in before it, shape ``(n_joints,)`` [rad, m].
    """

    goals: Goals
    start: NDArray[np.float64]


def play(player: Player, model: PairModel, song: Song, seed: int) -> FrameScores:
    """Play a song once; keys alone are scored, step by step, means over steps."""
    goals = song.goals
    environment = PairEnvironment(model, goals, song.start)
    environment.reset()
    player.reset(np.random.default_rng(seed))
    played = np.zeros_like(goals.keys)
    for step in range(goals.n_steps):
        environment.step(player.act(environment, step))
        played[step] = environment.sounding
    return frame_scores(goals.keys, played)


def frame_f1(player: Player, model: PairModel, songs: Iterable[Song], seed: int) -> list[float]:
    """Frame F1 of each song, played once."""
    return [play(player, model, song, seed).f1 for song in songs]

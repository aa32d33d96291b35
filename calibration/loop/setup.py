"""What shapes a loop: songs, rig, place, and how much each part of a round computes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from calibration.loop.errors import LoopError
from calibration.loop.places import Place
from calibration.residuals import FREE
from score import Goals, load_song, make_goals
from sim import RigModel, build_model, load_rig

REHEARSALS = 2
"""How often a round plays every song on the rig."""

ROBOT_TIME_S = 600.0
"""Robot time of a loop [s], final scoring apart: after the first round, which is always played, no
other is begun that would go beyond."""


@dataclass(frozen=True)
class Effort:
    """How much is computed, in counts: no clock shapes what comes out.

    Attributes:
        training_steps: Control steps of a song's first training.
        retraining_steps: Of every later one, which begins where the last one ended.
        trials: Of a study.
        episodes: Performances in the simulator that the real ones are compared with.
        finals: How often every song is played in the end.
    """

    training_steps: int = 196_608
    retraining_steps: int = 131_072
    trials: int = 200
    episodes: int = 4
    finals: int = 3


@dataclass(frozen=True)
class Song:
    """One of the songs.

    Attributes:
        name: Of the song; folders and results are named by it.
        source: Name in the library, or path of a MIDI file.
        goals: On the rig's keyboard.
    """

    name: str
    source: str
    goals: Goals


@dataclass(frozen=True)
class Setup:
    """What shapes a loop.

    Attributes:
        songs: What is played.
        model: The rig with its nominal physics.
        place: Where it is played.
        rounds: Most rounds to go.
        fitted: Names of the parameters that are fitted; see `calibration.residuals.FREE`.
        effort: How much each part computes.
        baselines: Whether to measure what the loop is compared with.
    """

    songs: tuple[Song, ...]
    model: RigModel
    place: Place
    rounds: int
    fitted: tuple[str, ...]
    effort: Effort
    baselines: bool

    @classmethod
    def of(
        cls,
        songs: Sequence[str],
        rig: str,
        place: Place,
        *,
        rounds: int = 3,
        fitted: Sequence[str] = FREE,
        effort: Effort | None = None,
        baselines: bool = False,
    ) -> Setup:
        """Load songs and rig.

        Raises:
            DaCapoError: There is no such song or rig, or a song is named twice.
        """
        model = build_model(load_rig(rig))
        keyboard = model.rig.keyboard
        loaded: list[Song] = []
        for source in songs:
            goals = make_goals(load_song(source), keyboard.lowest_pitch, keyboard.n_keys)
            if goals.name in [song.name for song in loaded]:
                raise LoopError(f"two songs are named {goals.name!r}: leave one out, or rename it")
            loaded.append(Song(goals.name, source, goals))
        fitted, effort = tuple(fitted), effort or Effort()
        return cls(tuple(loaded), model, place, rounds, fitted, effort, baselines)

    def facts(self) -> dict[str, Any]:
        """All of it, so that a folder is not gone on with by another loop; JSON values."""
        return {
            "songs": {song.name: _sha256(song.goals) for song in self.songs},
            "rig": self.model.rig.name,
            "rig_hash": self.model.rig.hash,
            "mode": self.place.mode,
            "place": self.place.fingerprint(),
            "rounds": self.rounds,
            "fitted": list(self.fitted),
            "baselines": self.baselines,
            **asdict(self.effort),
        }


def _sha256(goals: Goals) -> str:
    return hashlib.sha256(goals.keys.tobytes()).hexdigest()
